// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/byte_text.hpp"
#include "src/base/console.hpp"
#include "src/base/error.hpp"
#include "src/base/json.hpp"
#include "src/base/text_table.hpp"
#include "tools/app/check_job.hpp"
#include "tools/app/result_json.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {
namespace {

/// A line a file, as it is checked.
class CheckLines final : public CheckJob {
 public:
  void checked(const CheckedFile& file) override {
    print_out("{:9}  {}{}\n", state_name(file.state), shown(file.path),
              file.why.empty() ? "" : "\n           " + file.why);
  }
};

class CheckVerb final : public Verb {
 public:
  std::string examples() const override { return "  varphase check runs/first\n"; }

  void declare(Flags& flags) override {
    flags.of(request_, {"paths"});
    flags.json(json_);
  }

  int run(const Engine& /*engine*/) override {
    CheckJob silent;
    CheckLines lines;
    const CheckResult result = check_files(request_, json_ ? silent : lines);
    if (json_) {
      Json list = Json::array();
      for (const CheckedFile& file : result.files) list.push_back(to_json(file));
      print_json(list);
    } else {
      print_out("{} whole, {} not{}\n", result.whole, result.damaged,
                result.temporary == 0 ? "" : fmt::format(", {} temporary", result.temporary));
    }
    return result.damaged == 0 ? kSuccess : kFileError;
  }

 private:
  CheckRequest request_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_check_verb() { return std::make_unique<CheckVerb>(); }

}  // namespace varphase
