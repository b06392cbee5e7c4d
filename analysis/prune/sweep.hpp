// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "analysis/curvature/head.hpp"
#include "analysis/predict/metrics.hpp"
#include "analysis/prune/mask.hpp"
#include "analysis/prune/repair.hpp"
#include "src/base/json.hpp"
#include "src/train/device_images.hpp"

namespace varphase {

/// One point of a sweep: where to cut, by threshold or by sparsity.
struct SweepPoint {
  bool by_sparsity = false;
  double value = 0;  // log10 kappa0, or sparsity
};

struct SweepRow {
  SweepPoint point;
  Replacement replace = Replacement::zero;
  double threshold = 0;  // kappa0
  std::int64_t kept = 0;
  double sparsity = 0;          // of the layer
  double network_sparsity = 0;  // of all weights of the network
  Metrics metrics;
  PairedDifference difference;  // of accuracy, from the full ensemble, on the same images
};

struct SweepRequest {
  std::vector<SweepPoint> points;
  std::vector<Replacement> rules{Replacement::mean, Replacement::zero};
  Repair repair = Repair::none;
  std::int64_t members = 50;
  std::uint64_t seed = 1;
};

struct SweepResult {
  Metrics full;
  std::vector<SweepRow> rows;
};

/// 41 thresholds, log10 kappa0 from -6 to 4 by 0.25.
std::vector<SweepPoint> default_sweep_points();

/// Predicts `images` with the head's layer pruned at every point by every rule, K members each with
/// the same noise, over a trunk computed once.
/// @param kappa [J, I]; @param train images for a repair, may be null without one.
/// @throws Error unsupported as require_quiet_trunk.
SweepResult sweep(Network& network, const HeadParts& head, const at::Tensor& kappa,
                  const DeviceImages& images, const DeviceImages* train,
                  const SweepRequest& request,
                  const std::function<void(std::int64_t images)>& advanced);

/// The sparsest row that satisfies a rule: "drop<=0.1" (points of accuracy lost against the full
/// ensemble).
/// @return position in rows, or -1 where no row does. @throws Error usage for another rule.
std::int64_t choose_row(const SweepResult& result, const std::string& rule);

}  // namespace varphase
