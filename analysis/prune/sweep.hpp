// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "analysis/prune/cuts.hpp"
#include "src/models/head.hpp"

namespace varphase {

/// One point of a sweep: where to cut, by threshold or by sparsity.
struct SweepPoint {
  bool by_sparsity = false;
  double value = 0;  // log10 of the threshold (of kappa: kappa_0), or sparsity
};

/// What weights are ranked by: the scores of each layer, in the order of the layers. float64,
/// higher = keep; of kappa |kappa|.
struct Ranking {
  std::string criterion;
  std::vector<at::Tensor> scores;
};

/// What a sparsity is a share of: each layer's weights, or those of all pruned layers together,
/// ranked by one scale.
enum class Scope { layer, global };
std::string scope_name(Scope scope);
/// @throws Error usage with the known names.
Scope scope_from_name(const std::string& name);

struct SweepRow {
  std::string criterion;
  SweepPoint point;
  Replacement replace = Replacement::zero;
  double threshold = 0;            // of the scores; NaN where each layer has its own
  std::vector<std::int64_t> kept;  // by layer
  double sparsity = 0;             // of the pruned layers' weights
  double network_sparsity = 0;     // of all weights of the network
  Metrics metrics;
  PairedDifference difference;  // of accuracy, from the full ensemble, on the same images

  std::int64_t kept_total() const;
};

struct SweepRequest : CutRequest {
  std::vector<SweepPoint> points;
  Scope scope = Scope::layer;
};

struct SweepResult {
  Metrics full;
  std::vector<SweepRow> rows;  // by ranking, then by point, then by rule
};

/// 41 thresholds, log10 kappa_0 from -6 to 4 by 0.25.
std::vector<SweepPoint> default_sweep_points();
/// Shares 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999.
std::vector<SweepPoint> default_sparsities();

/// The masks of one point. Weights dropped by an earlier pruning stay dropped.
Cut cut_at(const SweepPoint& point, const Ranking& ranking,
           const std::vector<PrunableLayer>& layers, Scope scope);

/// The masks of one threshold on the scores, likewise.
Cut cut_over(double threshold, const Ranking& ranking, const std::vector<PrunableLayer>& layers);

/// Predicts `images` with the layers pruned at every point of every ranking by every rule, K
/// members each with the same noise (score_cuts).
/// @param train images for a repair, may be null without one.
SweepResult sweep(Network& network, const std::vector<PrunableLayer>& layers,
                  const std::vector<Ranking>& rankings, const DeviceImages& images,
                  const DeviceImages* train, const SweepRequest& request,
                  const std::function<void(std::int64_t images)>& advanced);

/// Of the head's layer alone, by |kappa|.
/// @param kappa [J, I]
/// @throws Error unsupported as require_quiet_trunk.
SweepResult sweep(Network& network, const HeadParts& head, const at::Tensor& kappa,
                  const DeviceImages& images, const DeviceImages* train,
                  const SweepRequest& request,
                  const std::function<void(std::int64_t images)>& advanced);

/// Images that a sweep counts in all, for a progress line.
std::int64_t images_of_sweep(const Network& network, const std::vector<PrunableLayer>& layers,
                             std::size_t rankings, const DeviceImages& images,
                             const SweepRequest& request);

/// The sparsest row that a rule such as "drop<=0.1" (points of accuracy lost) accepts, or -1; of
/// equally sparse ones first a zero rule, then the most accurate. @throws Error usage.
std::int64_t choose_row(const SweepResult& result, const std::string& rule);

/// The same sweep of several networks as one: means of the metrics and of the differences, their
/// standard errors those between the networks, the weights kept those of the first.
/// @throws Error shape where they have other rows.
SweepResult mean_of_sweeps(const std::vector<SweepResult>& sweeps);

}  // namespace varphase
