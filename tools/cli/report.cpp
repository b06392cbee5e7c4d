// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/console.hpp"
#include "src/base/error.hpp"
#include "tools/app/live_report.hpp"
#include "tools/cli/terminal_job.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {
namespace {

/// Until Ctrl-C.
class Watching final : public TerminalJob<WatchJob> {
 public:
  using TerminalJob::TerminalJob;
  void serving(const std::string& address) override {
    print_out("{}\n", address);
    flush_out();
    note("open it in a browser of this machine; Ctrl-C ends it");
  }
};

class ReportVerb final : public Verb {
 public:
  std::string examples() const override {
    return "  varphase report runs/first\n  varphase report runs/five\n"
           "  varphase report runs/a runs/b runs/c --out comparison.html\n"
           "  varphase report runs/first --figures figures --format pdf\n"
           "  varphase report --watch runs/first\n";
  }

  void declare(Flags& flags) override {
    flags.of(request_, {"runs"});
    flags.quiet(quiet_, "do not print the files' paths");
  }

  int run(const Engine& /*engine*/) override {
    if (request_.watch) return watch();
    TerminalJob<Job> job(quiet_);
    const ReportResult result = make_report(request_, job);
    if (result.interrupted) return kInterrupted;
    for (const std::string& problem : result.left_out)
      print_err("varphase: left out: {}\n", problem);
    if (quiet_) return kSuccess;
    print_out("{}\n", result.page.string());
    for (const std::filesystem::path& figure : result.figures) print_out("{}\n", figure.string());
    return kSuccess;
  }

 private:
  int watch() {
    Watching job(quiet_);
    watch_report(request_, job);
    return kSuccess;
  }

  ReportRequest request_;
  bool quiet_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_report_verb() { return std::make_unique<ReportVerb>(); }

}  // namespace varphase
