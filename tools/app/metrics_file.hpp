// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "analysis/predict/predictor.hpp"
#include "src/train/trainer.hpp"

namespace varphase {

using SplitMetrics = std::map<std::string, AllMetrics>;  // by split ("test", "validation")

/// A run's metrics.csv: one row an epoch, rewritten atomically so that it is always whole.
class MetricsFile {
 public:
  /// @param splits  that have columns, in their order
  MetricsFile(std::filesystem::path path, std::vector<std::string> splits)
      : path_(std::move(path)), splits_(std::move(splits)) {}

  /// Drops rows after that epoch (of a run that is resumed).
  void keep_until(std::int64_t epoch);

  /// A file that an older version began keeps its columns.
  /// @param evaluated  all of the splits, or none of them: their cells are empty
  /// @return the row's known values by column name, for the checkpoint.
  std::map<std::string, double> append(const EpochReport& report, std::int64_t step,
                                       const SplitMetrics& evaluated);

 private:
  std::filesystem::path path_;
  std::vector<std::string> splits_;
  std::string text_;
  std::vector<std::string> columns_;  // of the header; empty before the first row
};

}  // namespace varphase
