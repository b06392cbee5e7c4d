// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "src/base/text_table.hpp"
#include "tools/app/train_job.hpp"
#include "tools/cli/terminal_job.hpp"

namespace varphase {

/// A training as train and finetune show it: a row an epoch on stdout, the rest on stderr.
class TrainingOutput final : public TerminalJob<TrainJob> {
 public:
  TrainingOutput(bool wide, bool quiet) : TerminalJob(quiet), table_({}), wide_(wide) {}

  void remark(const std::string& text) override;
  void begins_with(const std::string& text) override;
  void started(const TrainingStart& start) override;
  void rows_begin(const EpochColumns& columns) override;
  void epoch_ended(const EpochRow& row) override;
  void diverged(const std::string& member) override;

 private:
  EpochColumns columns_;
  TextTable table_;
  bool wide_;
};

/// Prints where it ended: of members their scores, of what was stopped how to go on.
/// @return the exit code
int print_training(const TrainResult& result);

}  // namespace varphase
