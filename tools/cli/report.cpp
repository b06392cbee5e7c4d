// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/console.hpp"
#include "src/base/error.hpp"
#include "tools/app/report_job.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {
namespace {

class ReportVerb final : public Verb {
 public:
  std::string examples() const override { return "  varphase report runs/first\n"; }

  void declare(Flags& flags) override {
    flags.of(request_, {"run"});
    flags.quiet(quiet_, "do not print the page's path");
  }

  int run(const Engine& /*engine*/) override {
    Job job;
    const ReportResult result = make_report(request_, job);
    for (const std::string& problem : result.left_out)
      print_err("varphase: left out: {}\n", problem);
    if (!quiet_) print_out("{}\n", result.page.string());
    return kSuccess;
  }

 private:
  ReportRequest request_;
  bool quiet_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_report_verb() { return std::make_unique<ReportVerb>(); }

}  // namespace varphase
