// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analysis/predict/metrics.hpp"
#include "src/train/trainer.hpp"

namespace varphase {

using EvaluationMetrics = std::map<std::string, Metrics>;  // by estimator's name

/// A run's metrics.csv: one row an epoch, rewritten atomically so that it is always whole.
class MetricsFile {
 public:
  explicit MetricsFile(std::filesystem::path path) : path_(std::move(path)) {}

  /// Drops rows after that epoch (of a run that is resumed).
  void keep_until(std::int64_t epoch);

  /// @return the row by column name, for the checkpoint.
  std::map<std::string, double> append(const EpochReport& report, std::int64_t step,
                                       const EvaluationMetrics& test,
                                       const std::optional<EvaluationMetrics>& validation);

 private:
  std::filesystem::path path_;
  std::string text_;
};

}  // namespace varphase
