// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "src/base/json.hpp"
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

/// The same for programs: an event a line on stdout, as one JSON object with its name in "event".
class TrainingEvents final : public TerminalJob<TrainJob> {
 public:
  explicit TrainingEvents(bool quiet) : TerminalJob(quiet) {}

  void remark(const std::string& text) override;
  void started(const TrainingStart& start) override;
  void epoch_ended(const EpochRow& row) override;
  void diverged(const std::string& member) override;
  /// The last line. @return the exit code
  int result(const TrainResult& result);

 private:
  void print(const char* event, const Json& what);
};

/// Prints where it ended: of members their scores, of what was stopped how to go on.
/// @return the exit code
int print_training(const TrainResult& result);

/// Trains and shows it. @param train  called with who hears of it @return the exit code
template <class Train>
int show_training(bool json, bool wide, bool quiet, Train&& train) {
  if (json) {
    TrainingEvents events(quiet);
    return events.result(train(events));
  }
  TrainingOutput output(wide, quiet);
  return print_training(train(output));
}

}  // namespace varphase
