// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/kappa/kappa_map.hpp"
#include "analysis/kappa/map_series.hpp"
#include "analysis/kappa/threshold.hpp"
#include "src/base/csv_table.hpp"
#include "src/base/json.hpp"

namespace varphase {

/// The columns of metrics.csv that hold a layer's log alpha begin with this; the layer's name follows.
inline constexpr std::string_view kLogAlphaColumn = "log_alpha/";

/// A difference of accuracies that is under so many standard errors may be chance.
inline constexpr double kDropErrors = 2;

/// When the transition is said to have begun. What is found is printed with the rule that found it.
struct TransitionRules {
  double kappa0 = kDefaultKappa0;
  std::int64_t onset_count = 0;  // onset: the first epoch with more weights over kappa_0 than this
  double onset_share = 0;        // and than this share of the weights, 0 <= share < 1
  /// drop: deterministic accuracy this many points under the ensemble's of the same epoch, and kDropErrors standard
  /// errors of that difference, for good
  double drop_points = 0.5;
  double gap_points = 5;  // gap: the ensemble more than this over the deterministic one, for good
};

/// @throws Error usage, naming the first rule that is out of its range.
void check_rules(const TransitionRules& rules);

/// How many weights of each variance layer exceed kappa_0 at one epoch.
struct KappaCount {
  std::int64_t epoch = 0;
  std::vector<std::int64_t> over;  // by layer, as Transition::layers
};

/// One epoch of the table. What was not measured is NaN, or an empty list.
struct TransitionRow {
  std::int64_t epoch = 0;
  std::vector<std::int64_t> over;     // by layer; empty: no kappa map of this epoch
  double accuracy_deterministic = 0;  // 0..1
  double accuracy_ensemble = 0;       // 0..1
  double gap_se = 0;                  // standard error of gap(), paired: over the same images
  std::vector<double> log_alpha;      // by log_alpha_layers

  /// Sum over layers; none where there is no kappa map.
  std::optional<std::int64_t> over_total() const;
  /// Ensemble minus deterministic accuracy.
  double gap() const { return accuracy_ensemble - accuracy_deterministic; }
};

/// The kappa maps that were counted, and those that were not.
struct CountedMaps {
  std::string asked;  // --maps
  std::int64_t images = 0;
  std::string split, method;
  std::vector<std::string> taken, left_out;  // as MapSeries has them
};

/// A table by epoch (weights over kappa_0, accuracies, log alpha), and the epochs that the rules find in it.
struct Transition {
  TransitionRules rules;
  std::string split = "test";   // of the accuracies
  std::string smooth = "none";  // how the curvature of piecewise-linear activations was taken
  CountedMaps maps;
  std::vector<std::string> layers;
  std::vector<std::int64_t> weights;  // by layer
  std::vector<std::string> log_alpha_layers;
  std::vector<TransitionRow> rows;  // by epoch, ascending

  std::optional<std::int64_t> onset;  // epoch
  std::optional<std::int64_t> drop;   // epoch; never 0, when nothing is trained yet
  std::optional<std::int64_t> gap;    // epoch; never 0, when nothing is trained yet

  /// The onset by the same rule, looking at one layer alone. @param layer  index in `layers`
  std::optional<std::int64_t> onset_of(std::size_t layer) const;
  /// The first epoch from which on log alpha of a layer is over 0 (its noise over its means) for good. None where it was
  /// so from the first epoch on, or is not learned. @param layer  index in `log_alpha_layers`
  std::optional<std::int64_t> alpha_passes_one(std::size_t layer) const;
  /// onset - drop in epochs: negative where kappa showed it first. None without both.
  std::optional<std::int64_t> lag() const;
  /// onset - gap in epochs; none without both, or where the first evaluated epoch already has the gap, so that its
  /// beginning was not seen.
  std::optional<std::int64_t> gap_lag() const;
  /// Whether some evaluated epoch of training comes before the gap; none where no epoch of training has both
  /// accuracies.
  std::optional<bool> low_variance_phase() const;
  /// Whether an onset could be found: there are maps.
  bool onset_is_known() const { return !layers.empty(); }
  /// Whether a drop and a gap could be found: some epoch of training has both accuracies.
  bool gap_is_known() const { return low_variance_phase().has_value(); }
  /// "first epoch with more than 0 of 400,000 weights over kappa_0 = 10^1.5".
  std::string onset_rule() const;
  /// "first epoch from which on the deterministic test accuracy is at least 0.5 points and 2 standard errors under the
  /// ensemble's of the same epoch".
  std::string drop_rule() const;
  /// "first evaluated epoch from which on the ensemble's test accuracy is more than 5 points over the deterministic
  /// one".
  std::string gap_rule() const;
  /// What the table lacks, and what may lie there unseen.
  std::vector<std::string> remarks() const;
  /// What was found, in a sentence or two for people.
  std::string summary() const;
};

/// What the transition needs of one epoch's kappa map, so that the maps need not stay in memory.
struct KappaSummary {
  KappaCount count;
  std::vector<std::string> layers;
  std::vector<std::int64_t> weights;
  std::string smooth;
};
/// Counts the weights of a map over kappa0.
KappaSummary summarize(const KappaMap& map, double kappa0);
/// One summary per epoch of a series.
std::vector<KappaSummary> summarize(const MapSeries& series);

/// Joins counts and metrics by epoch and applies the rules.
/// @param metrics  columns epoch, <split>_accuracy_deterministic, <split>_accuracy_ensemble, <split>_gap_se (not in
///   files of 0.2.0), log_alpha/<layer>; of two rows of one epoch the later one counts
/// @throws Error format where maps disagree in layers, weights or smoothing; usage where a rule is out of range, or
///   where there are neither maps nor metrics.
Transition find_transition(std::span<const KappaSummary> maps, const CsvTable& metrics,
                           const TransitionRules& rules, const std::string& split = "test");

/// The epoch of the drop, by the rules and rows of a transition.
std::optional<std::int64_t> find_drop(const Transition& transition);
/// The epoch of the gap.
std::optional<std::int64_t> find_gap(const Transition& transition);

Json to_json(const Transition& transition);
/// The way back from to_json. @throws Error format naming `origin`.
Transition transition_from_json(const Json& json, const std::string& origin);

/// "epoch,over/<layer>,...,over_total,accuracy_deterministic,accuracy_ensemble,log_alpha/<layer>,...".
std::string to_csv(const Transition& transition);

}  // namespace varphase
