// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analysis/prune/cost.hpp"
#include "analysis/prune/sweep_result.hpp"
#include "src/base/json.hpp"
#include "src/data/dataset.hpp"

namespace varphase {

/// The row that a sweep chose on validation images, and the full network, on the test images.
struct TestedChoice {
  Metrics full;
  SweepRow row;
};

/// A sweep of one network, or the mean over several, with what there is to say beside its rows.
struct SweepReport {
  SweepResult result;
  SweepRequest request;
  bool by_criteria = false;         // criteria are compared by sparsity, not kappa alone
  std::vector<std::string> runs;    // their checkpoints or files
  std::vector<std::string> layers;  // pruned ones
  std::vector<NetworkCost> costs;   // by row; of several networks the first one's
  std::string smooth, kappa_map;    // how kappa was smoothed, where its map lay
  Json images = Json::array();      // of each run: as trained_images says it
  std::int64_t epoch = 0;
  std::string checkpoint;
  Split split = Split::test;
  std::vector<std::pair<std::string, std::string>> left_out;  // criteria, and why
  std::string rule;                                           // by which a row was chosen, or ""
  std::int64_t chosen = -1;                                   // that row, or -1
  std::optional<TestedChoice> tested;                         // of one network alone

  std::int64_t dense_bytes() const;
};

/// Bytes that all pruned layers of a row's network would take in a pruned file.
std::int64_t stored_bytes(const NetworkCost& cost);

/// docs/files.md, "sweeps".
Json to_json(const SweepReport& report);
std::string to_csv(const SweepReport& report);

}  // namespace varphase
