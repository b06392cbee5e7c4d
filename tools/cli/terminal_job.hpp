// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <optional>
#include <string>

#include "src/base/console.hpp"
#include "src/base/progress.hpp"
#include "tools/app/job.hpp"
#include "tools/cli/stop_signal.hpp"

namespace varphase {

/// A job's progress line and notes on stderr; SIGINT, SIGTERM and SIGHUP ask it to end.
/// @tparam Base  Job, or the class of a job that tells more, which the verb derives from this.
template <std::derived_from<Job> Base = Job>
class TerminalJob : public Base {
 public:
  /// @param quiet  neither line nor notes
  /// @param notes  whether what the job says is shown
  explicit TerminalJob(bool quiet, bool notes = true) : quiet_(quiet), notes_(notes && !quiet) {}

  void begin(const std::string& what, std::int64_t total, const std::string& unit) override {
    progress_.emplace(what, total, " " + unit, quiet_);
  }
  void advance(std::int64_t units) override {
    if (progress_) progress_->advance(units);
  }
  void describe(const std::string& what) override {
    if (progress_) progress_->describe(what);
  }
  void end() override { progress_.reset(); }
  void note(const std::string& text) override {
    if (!notes_) return;
    clear();
    print_err("{}\n", text);
  }
  void begin_stoppable() override { take_signals(); }
  bool stop_requested() const override { return varphase::stop_requested().load(); }

 protected:
  /// Makes room for a table's row; the next advance() draws the line again.
  void clear() {
    if (progress_) progress_->clear();
  }

 private:
  bool quiet_, notes_;
  std::optional<Progress> progress_;
};

}  // namespace varphase
