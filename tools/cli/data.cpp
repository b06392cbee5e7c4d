// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/console.hpp"
#include "src/base/error.hpp"
#include "src/data/describe.hpp"
#include "tools/app/describe_data_job.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {
namespace {

class DataVerb final : public Verb {
 public:
  std::string examples() const override {
    return "  varphase data fashion-mnist\n  varphase data path/to/idx/files --validation 0.1\n"
           "  varphase data path/to/images --skip-damaged\n"
           "  varphase data path/to/cifar-100 --labels coarse\n";
  }

  void declare(Flags& flags) override {
    flags.of(request_, {"data"});
    flags.json(json_);
  }

  int run(const Engine& /*engine*/) override {
    Job job;
    const Dataset dataset = read_described(request_, job);
    if (json_) {
      print_json(describe(dataset));
    } else {
      print_out("{}", description_text(dataset));
    }
    return kSuccess;
  }

 private:
  DescribeDataRequest request_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_data_verb() { return std::make_unique<DataVerb>(); }

}  // namespace varphase
