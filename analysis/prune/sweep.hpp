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

/// Where a sweep cuts: at a threshold of the scores, or at a sparsity.
struct SweepPoint {
  bool by_sparsity = false;
  double value = 0;  // log10 of the threshold (for kappa: of kappa_0), or the sparsity
};

/// The scores that weights are ranked by, for each layer in the layers' order, float64; the lowest are pruned first.
/// For kappa: |kappa|.
struct Ranking {
  std::string criterion;
  std::vector<at::Tensor> scores;
};

/// What a sparsity is a share of: the weights of each layer by itself, or the weights of all pruned layers, whose
/// scores are then compared with each other.
enum class Scope { layer, global };
std::string scope_name(Scope scope);
/// @throws Error usage with the known names.
Scope scope_from_name(const std::string& name);

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

struct SweepRequest : CutRequest {
  std::vector<SweepPoint> points;
  Scope scope = Scope::layer;
};

/// The full network, and all cuts.
struct SweepResult {
  Metrics full;
  std::vector<SweepRow> rows;  // by ranking, then by point, then by rule
};

/// 41 thresholds: log10 kappa_0 from -6 to 4 in steps of 0.25.
std::vector<SweepPoint> default_sweep_points();
/// The sparsities 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999.
std::vector<SweepPoint> default_sparsities();

/// The masks of one point. Weights that an earlier pruning dropped stay dropped.
Cut cut_at(const SweepPoint& point, const Ranking& ranking,
           const std::vector<PrunableLayer>& layers, Scope scope);

/// The masks of one threshold of the scores (not of its logarithm), likewise.
Cut cut_over(double threshold, const Ranking& ranking, const std::vector<PrunableLayer>& layers);

/// Predicts `images` with the layers pruned at every point of every ranking by every rule, with K members each that
/// share their noise (score_cuts).
/// @param train  training images for a repair; may be null without one
SweepResult sweep(Network& network, const std::vector<PrunableLayer>& layers,
                  const std::vector<Ranking>& rankings, const DeviceImages& images,
                  const DeviceImages* train, const SweepRequest& request,
                  const std::function<void(std::int64_t images)>& advanced);

/// The same for the layer of a head alone, ranked by |kappa|. @param kappa  [J, I]
/// @throws Error unsupported where a layer before the head draws noise.
SweepResult sweep(Network& network, const HeadParts& head, const at::Tensor& kappa,
                  const DeviceImages& images, const DeviceImages* train,
                  const SweepRequest& request,
                  const std::function<void(std::int64_t images)>& advanced);

/// How many images sweep will tell `advanced` of, for a progress line.
std::int64_t images_of_sweep(const Network& network, const std::vector<PrunableLayer>& layers,
                             std::size_t rankings, const DeviceImages& images,
                             const SweepRequest& request);

/// The index of the sparsest row that a rule such as "drop<=0.1" (points of accuracy lost) accepts; -1: none. Of
/// equally sparse rows the one by rule zero, then the most accurate. @throws Error usage where the rule cannot be read.
std::int64_t choose_row(const SweepResult& result, const std::string& rule);

/// The sweeps of several networks as one: metrics and differences are means over the networks, standard errors those
/// between the networks; the numbers of kept weights are the first network's.
/// @throws Error shape where the sweeps have different rows.
SweepResult mean_of_sweeps(const std::vector<SweepResult>& sweeps);

}  // namespace varphase
