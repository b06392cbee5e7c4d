// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/console.hpp"
#include "src/base/error.hpp"
#include "src/base/json.hpp"
#include "tools/app/inspect_job.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {
namespace {

class InspectTables final : public InspectJob {
 public:
  explicit InspectTables(bool wide) : wide_(wide) {}
  void described(const FileDescription& file) override {
    print_out("{}", description_text(file, wide_));
  }

 private:
  bool wide_;
};

class InspectVerb final : public Verb {
 public:
  std::string examples() const override {
    return "  varphase inspect runs/first/checkpoints/epoch_0022.h5 --statistics\n";
  }

  void declare(Flags& flags) override {
    flags.of(request_, {"paths"});
    flags.wide(wide_);
    flags.json(json_);
  }

  int run(const Engine& /*engine*/) override {
    InspectJob silent;
    InspectTables tables(wide_);
    const std::vector<FileDescription> files = inspect(request_, json_ ? silent : tables);
    if (!json_) return kSuccess;
    Json list = Json::array();
    for (const FileDescription& file : files) list.push_back(description_json(file));
    print_json(list);
    return kSuccess;
  }

 private:
  InspectRequest request_;
  bool json_ = false, wide_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_inspect_verb() { return std::make_unique<InspectVerb>(); }

}  // namespace varphase
