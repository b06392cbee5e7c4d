// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/kappa/transition.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "src/base/error.hpp"

namespace varphase {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
// Accuracies are ratios of small integers; 0.99 - 0.005 is not 0.985 in binary.
constexpr double kRounding = 1e-9;

bool is_over(const TransitionRules& rules, std::int64_t over, std::int64_t weights) {
  return over > rules.onset_count &&
         static_cast<double>(over) > rules.onset_share * static_cast<double>(weights);
}

std::optional<std::int64_t> find_onset(const Transition& transition) {
  const auto weights =
      std::accumulate(transition.weights.begin(), transition.weights.end(), std::int64_t{0});
  for (const TransitionRow& row : transition.rows) {
    const std::optional<std::int64_t> over = row.over_total();
    if (over && is_over(transition.rules, *over, weights)) return row.epoch;
  }
  return std::nullopt;
}

/// The first epoch of the last stretch of rows of which `holds` is true; rows of which it says
/// nothing are left out.
template <class Holds>
std::optional<std::int64_t> first_for_good(const std::vector<TransitionRow>& rows, Holds holds) {
  std::optional<std::int64_t> first;
  for (const TransitionRow& row : rows) {
    const std::optional<bool> here = holds(row);
    if (!here) continue;
    if (!*here) {
      first.reset();
    } else if (!first) {
      first = row.epoch;
    }
  }
  return first;
}

/// Both accuracies of an epoch of training are known. Epoch 0 comes before it: both are at chance.
bool has_gap(const TransitionRow& row) { return row.epoch > 0 && std::isfinite(row.gap()); }

using RowsByEpoch = std::map<std::int64_t, TransitionRow>;

TransitionRow& row_of(std::int64_t epoch, RowsByEpoch& rows) {
  const auto [row, is_new] = rows.try_emplace(epoch);
  if (is_new) row->second = {epoch, {}, kUnknown, kUnknown, kUnknown, {}};
  return row->second;
}

/// Accuracies and log alpha, by epoch; of two rows of one epoch the later one counts.
void add_metrics(const CsvTable& metrics, RowsByEpoch& rows, Transition& transition) {
  const std::string& split = transition.split;
  VARPHASE_CHECK(metrics.has("epoch"), ErrorKind::format, "metrics: no column 'epoch'");
  const std::vector<double> epochs = metrics.values("epoch");
  const std::vector<double> deterministic = metrics.values(split + "_accuracy_deterministic");
  const std::vector<double> ensemble = metrics.values(split + "_accuracy_ensemble");
  const std::vector<double> errors = metrics.values(split + "_gap_se");
  VARPHASE_CHECK(
      !deterministic.empty(), ErrorKind::usage,
      "metrics: no column '{0}_accuracy_deterministic'; was the run trained with a {0} split?",
      split);
  std::vector<std::vector<double>> log_alpha;
  for (const std::string& column : metrics.columns) {
    if (column.rfind(kLogAlphaColumn, 0) != 0) continue;
    transition.log_alpha_layers.push_back(column.substr(kLogAlphaColumn.size()));
    log_alpha.push_back(metrics.values(column));
  }
  for (std::size_t r = 0; r < epochs.size(); ++r) {
    VARPHASE_CHECK(epochs[r] >= 0 && epochs[r] < 1e15 && std::nearbyint(epochs[r]) == epochs[r],
                   ErrorKind::format, "metrics: row {}: wants an epoch, got {}", r + 1, epochs[r]);
    TransitionRow& row = row_of(static_cast<std::int64_t>(epochs[r]), rows);
    row.accuracy_deterministic = deterministic[r];
    row.accuracy_ensemble = ensemble.empty() ? kUnknown : ensemble[r];
    row.gap_se = errors.empty() ? kUnknown : errors[r];
    row.log_alpha.clear();
    for (const std::vector<double>& column : log_alpha) row.log_alpha.push_back(column[r]);
  }
}

/// Weights over kappa_0, by epoch.
void add_maps(std::span<const KappaSummary> maps, RowsByEpoch& rows, Transition& transition) {
  for (const KappaSummary& map : maps) {
    if (transition.layers.empty()) {
      transition.layers = map.layers;
      transition.weights = map.weights;
      transition.smooth = map.smooth;
    }
    VARPHASE_CHECK(
        map.layers == transition.layers && map.weights == transition.weights, ErrorKind::format,
        "the kappa map of epoch {} has other layers than that of epoch {}\n"
        "  the folder holds maps of different networks: compute them again with varphase kappa",
        map.count.epoch, maps.front().count.epoch);
    VARPHASE_CHECK(map.smooth == transition.smooth, ErrorKind::format,
                   "the kappa map of epoch {} was computed with --smooth {}, that of epoch {} with "
                   "--smooth {}: their "
                   "counts do not compare\n  compute them again with one of these",
                   map.count.epoch, map.smooth, maps.front().count.epoch, transition.smooth);
    row_of(map.count.epoch, rows).over = map.count.over;
  }
}

}  // namespace

void check_rules(const TransitionRules& rules) {
  VARPHASE_CHECK(std::isfinite(rules.kappa0) && rules.kappa0 > 0, ErrorKind::usage,
                 "threshold kappa_0: wants a positive number, got {}", rules.kappa0);
  VARPHASE_CHECK(rules.onset_count >= 0, ErrorKind::usage, "onset count: wants at least 0, got {}",
                 rules.onset_count);
  VARPHASE_CHECK(rules.onset_share >= 0 && rules.onset_share < 1, ErrorKind::usage,
                 "onset share: wants 0 <= share < 1, got {}", rules.onset_share);
  VARPHASE_CHECK(rules.drop_points > 0 && rules.drop_points <= 100, ErrorKind::usage,
                 "drop points: wants more than 0 and at most 100, got {}", rules.drop_points);
  VARPHASE_CHECK(rules.gap_points > 0 && rules.gap_points < 100, ErrorKind::usage,
                 "gap: wants more than 0 and less than 100 points, got {}", rules.gap_points);
}

std::optional<std::int64_t> find_drop(const Transition& transition) {
  return first_for_good(transition.rows, [&](const TransitionRow& row) -> std::optional<bool> {
    if (!has_gap(row)) return std::nullopt;
    const double chance = std::isfinite(row.gap_se) ? kDropErrors * row.gap_se : 0;
    return row.gap() >= std::max(transition.rules.drop_points / 100, chance) - kRounding;
  });
}

std::optional<std::int64_t> find_gap(const Transition& transition) {
  return first_for_good(transition.rows, [&](const TransitionRow& row) -> std::optional<bool> {
    if (!has_gap(row)) return std::nullopt;
    return row.gap() > transition.rules.gap_points / 100 + kRounding;
  });
}

std::optional<std::int64_t> TransitionRow::over_total() const {
  if (over.empty()) return std::nullopt;
  return std::accumulate(over.begin(), over.end(), std::int64_t{0});
}

std::optional<std::int64_t> Transition::lag() const {
  if (!onset || !drop) return std::nullopt;
  return *onset - *drop;
}

std::optional<bool> Transition::low_variance_phase() const {
  const auto first = std::find_if(rows.begin(), rows.end(), has_gap);
  if (first == rows.end()) return std::nullopt;
  return gap != first->epoch;
}

std::optional<std::int64_t> Transition::gap_lag() const {
  if (!onset || !gap || low_variance_phase() == false) return std::nullopt;
  return *onset - *gap;
}

std::optional<std::int64_t> Transition::onset_of(std::size_t layer) const {
  for (const TransitionRow& row : rows) {
    if (!row.over.empty() && is_over(rules, row.over[layer], weights[layer])) return row.epoch;
  }
  return std::nullopt;
}

std::optional<std::int64_t> Transition::alpha_passes_one(std::size_t layer) const {
  bool seen_under = false;
  const std::optional<std::int64_t> epoch =
      first_for_good(rows, [&](const TransitionRow& row) -> std::optional<bool> {
        const double value = row.log_alpha[layer];
        if (!std::isfinite(value)) return std::nullopt;
        seen_under = seen_under || value <= 0;
        return value > 0;
      });
  return seen_under ? epoch : std::nullopt;
}

KappaSummary summarize(const KappaMap& map, double kappa0) {
  KappaSummary summary;
  summary.count.epoch = map.epoch;
  summary.smooth = map.smooth;
  for (const LayerKappa& layer : map.layers) {
    summary.layers.push_back(layer.layer);
    summary.weights.push_back(layer.count());
    summary.count.over.push_back(layer.over(kappa0));
  }
  return summary;
}

std::vector<KappaSummary> summarize(const MapSeries& series) {
  std::vector<KappaSummary> summaries;
  for (const EpochLayers& row : series.epochs) {
    KappaSummary summary{{row.epoch, {}}, {}, {}, series.smooth};
    for (const MapLayer& layer : row.layers) {
      summary.layers.push_back(layer.layer);
      summary.weights.push_back(layer.weights);
      summary.count.over.push_back(layer.over);
    }
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

Transition find_transition(std::span<const KappaSummary> maps, const CsvTable& metrics,
                           const TransitionRules& rules, const std::string& split) {
  check_rules(rules);
  Transition transition;
  transition.rules = rules;
  transition.split = split;
  RowsByEpoch rows;
  if (!metrics.rows.empty()) add_metrics(metrics, rows, transition);
  add_maps(maps, rows, transition);
  VARPHASE_CHECK(!rows.empty(), ErrorKind::usage,
                 "neither metrics nor kappa maps of any epoch: nothing to find a transition in");

  for (auto& [epoch, row] : rows) {
    row.log_alpha.resize(transition.log_alpha_layers.size(), kUnknown);
    transition.rows.push_back(std::move(row));
  }
  transition.onset = find_onset(transition);
  transition.drop = find_drop(transition);
  transition.gap = find_gap(transition);
  return transition;
}

}  // namespace varphase
