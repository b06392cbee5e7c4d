// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "analysis/predict/metric_values.hpp"
#include "analysis/prune/cut_request.hpp"

namespace varphase {

/// Where a sweep cuts: at a threshold of the scores, or at a sparsity.
struct SweepPoint {
  bool by_sparsity = false;
  double value = 0;  // log10 of the threshold (for kappa: of kappa_0), or the sparsity
  double threshold = by_sparsity ? std::nan("") : std::pow(10, value);
};

/// 41 thresholds: log10 kappa_0 from -6 to 4 in steps of 0.25.
std::vector<SweepPoint> default_sweep_points();
/// The sparsities 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999.
std::vector<SweepPoint> default_sparsities();

/// Which cuts a sweep makes.
struct SweepRequest : CutRequest {
  std::vector<SweepPoint> points;
  Scope scope = Scope::layer;
};

/// One cut of a sweep, and what the pruned network predicts.
struct SweepRow {
  std::string criterion;
  SweepPoint point;
  Replacement replace = Replacement::zero;
  double threshold = 0;            // smallest score that is kept; NaN where each layer has its own
  std::vector<std::int64_t> kept;  // by layer
  double sparsity = 0;             // of the pruned layers' weights
  double network_sparsity = 0;     // of all weights of the network
  Metrics metrics;
  /// of accuracy, from the ensemble of the full network on the same images
  PairedDifference difference;

  std::int64_t kept_total() const;
};

/// The full network, and all cuts.
struct SweepResult {
  Metrics full;
  std::vector<SweepRow> rows;  // by ranking, then by point, then by rule
};

/// The index of the sparsest row that a rule such as "drop<=0.1" (points of accuracy lost) accepts; -1: none. Of
/// equally sparse rows the one by rule zero, then the most accurate. @throws Error usage where the rule cannot be read.
std::int64_t choose_row(const SweepResult& result, const std::string& rule);

/// The sweeps of several networks as one: metrics and differences are means over the networks, standard errors those
/// between the networks; the numbers of kept weights are the first network's.
/// @throws Error shape where the sweeps have different rows.
SweepResult mean_of_sweeps(const std::vector<SweepResult>& sweeps);

}  // namespace varphase
