// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "analysis/prune/cost.hpp"
#include "analysis/prune/sweep.hpp"
#include "src/data/dataset.hpp"

namespace varphase {

/// A sweep of one network, or the mean over several, with what there is to say beside its rows.
struct SweepReport {
  SweepResult result;
  SweepRequest request;
  bool by_criteria = false;         // one table of criteria by sparsity, not one row a cut
  std::vector<std::string> runs;    // their checkpoints or files
  std::vector<std::string> layers;  // pruned ones
  std::vector<NetworkCost> costs;   // by row; of several networks the first one's
  std::string smooth, map;          // of kappa: how it was smoothed, where its map lay
  Json images = Json::array();      // of each run: as trained_images says it
  std::int64_t epoch = 0;
  std::string checkpoint;
  Split split = Split::test;
  std::vector<std::pair<std::string, std::string>> left_out;  // criteria, and why
  std::string rule;                                           // --choose, or ""
  std::int64_t chosen = -1;

  std::int64_t dense_bytes() const;
};

/// docs/files.md, "sweeps".
Json sweep_json(const SweepReport& report);
std::string sweep_csv(const SweepReport& report);
/// A row a cut.
std::string cut_table(const SweepReport& report, bool wide);
/// Accuracy, NLL (and of several networks the standard error of the accuracy) of each criterion and
/// rule by sparsity.
std::string criteria_table(const SweepReport& report);

}  // namespace varphase
