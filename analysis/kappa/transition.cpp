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
#include "src/base/text_table.hpp"

namespace varphase {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr std::string_view kFormat = "varphase-transition-1";
// Accuracies are ratios of small integers; 0.99 - 0.005 is not 0.985 in binary.
constexpr double kRounding = 1e-9;

/// "10^1.5", or the plain number where its logarithm is not short.
std::string kappa0_text(double kappa0) {
  const double exponent = std::round(std::log10(kappa0) * 1000) / 1000;
  const bool short_power = std::abs(std::pow(10.0, exponent) / kappa0 - 1) < 1e-9;
  return short_power ? fmt::format("10^{:g}", exponent) : fmt::format("{:g}", kappa0);
}

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

/// Under the line (running maximum - points): once the maximum of all epochs has passed, that line
/// is the same for all epochs that stay under it.
std::optional<std::int64_t> find_drop(const Transition& transition) {
  double maximum = -std::numeric_limits<double>::infinity();
  return first_for_good(transition.rows, [&](const TransitionRow& row) -> std::optional<bool> {
    if (std::isnan(row.accuracy_deterministic)) return std::nullopt;
    maximum = std::max(maximum, row.accuracy_deterministic);
    return row.accuracy_deterministic <= maximum - transition.rules.drop_points / 100 + kRounding;
  });
}

/// Both accuracies of an epoch of training are known. Epoch 0 comes before it: both are at chance.
bool has_gap(const TransitionRow& row) { return row.epoch > 0 && std::isfinite(row.gap()); }

std::optional<std::int64_t> find_gap(const Transition& transition) {
  return first_for_good(transition.rows, [&](const TransitionRow& row) -> std::optional<bool> {
    if (!has_gap(row)) return std::nullopt;
    return row.gap() > transition.rules.gap_points / 100 + kRounding;
  });
}

/// "lag: the onset comes 2 epochs before the drop".
std::string lag_text(std::int64_t epochs, const std::string& than) {
  if (epochs == 0) return fmt::format("lag: none, onset and {} are in the same epoch", than);
  return fmt::format("lag: the onset comes {} epoch{} {} the {}", std::abs(epochs),
                     std::abs(epochs) == 1 ? "" : "s", epochs < 0 ? "before" : "after", than);
}

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json epoch_or_null(const std::optional<std::int64_t>& epoch) {
  return epoch ? Json(*epoch) : Json();
}

double number_of(const Json& json) { return json.is_number() ? json.get<double>() : kUnknown; }

std::optional<std::int64_t> epoch_of(const Json& json) {
  return json.is_number_integer() ? std::optional(json.get<std::int64_t>()) : std::nullopt;
}

}  // namespace

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

std::string Transition::onset_rule() const {
  const auto total = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
  std::string bound = count_text(rules.onset_count);
  if (rules.onset_share > 0) {
    const std::string share = fmt::format("{:g} %", rules.onset_share * 100);
    bound = rules.onset_count > 0 ? fmt::format("{} and {}", bound, share) : share;
  }
  return fmt::format("first epoch with more than {} of {} weights over kappa_0 = {}", bound,
                     count_text(total), kappa0_text(rules.kappa0));
}

std::string Transition::drop_rule() const {
  return fmt::format(
      "first epoch with the deterministic {} accuracy at least {:g} points under its running "
      "maximum "
      "for good",
      split, rules.drop_points);
}

std::string Transition::gap_rule() const {
  return fmt::format(
      "first evaluated epoch from which on the ensemble's {} accuracy is more than {:g} points "
      "over the "
      "deterministic one",
      split, rules.gap_points);
}

std::string Transition::summary() const {
  std::string text = onset ? fmt::format("onset at epoch {} ({})", *onset, onset_rule())
                           : fmt::format("no onset ({})", onset_rule());
  for (std::size_t l = 0; layers.size() > 1 && l < layers.size(); ++l) {
    const std::optional<std::int64_t> own = onset_of(l);
    text += fmt::format("{}{} {}", l == 0 ? "\nby layer: " : ", ", layers[l],
                        own ? fmt::format("at epoch {}", *own) : "none");
  }
  text += drop ? fmt::format("\ndrop at epoch {} ({})", *drop, drop_rule())
               : fmt::format("\nno drop ({})", drop_rule());
  if (!low_variance_phase()) {
    text += "\ngap unknown: no epoch of training has both accuracies";
  } else if (!gap) {
    text += fmt::format(
        "\nno gap yet: the ensemble is never more than {:g} points over the deterministic network "
        "for good",
        rules.gap_points);
  } else {
    text += fmt::format("\ngap at epoch {}{} ({})", *gap,
                        *low_variance_phase()
                            ? ""
                            : ", the first evaluated in training: no low-variance phase seen",
                        gap_rule());
  }
  if (const auto epochs = lag()) text += "\n" + lag_text(*epochs, "drop");
  if (const auto epochs = gap_lag()) text += "\n" + lag_text(*epochs, "gap");
  const auto missing =
      std::count_if(rows.begin(), rows.end(), [](const auto& row) { return row.over.empty(); });
  if (missing > 0) {
    text += fmt::format("\n{} of {} epochs have no kappa map: the onset may lie in one of them",
                        missing, rows.size());
  }
  const auto unknown = std::count_if(rows.begin(), rows.end(), [](const auto& row) {
    return std::isnan(row.accuracy_deterministic);
  });
  if (unknown > 0) {
    text += fmt::format(
        "\n{} of {} epochs have no deterministic accuracy: drop and gap may lie in one of them",
        unknown, rows.size());
  }
  const auto half = std::count_if(rows.begin(), rows.end(), [](const auto& row) {
    return row.epoch > 0 && !std::isnan(row.accuracy_deterministic) &&
           std::isnan(row.accuracy_ensemble);
  });
  if (half > 0 && low_variance_phase()) {
    text += fmt::format(
        "\n{} of {} epochs have a deterministic accuracy alone: the gap may lie in one of them",
        half, rows.size());
  }
  return text;
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
  std::map<std::int64_t, TransitionRow> rows;
  const auto row_of = [&](std::int64_t epoch) -> TransitionRow& {
    const auto [row, is_new] = rows.try_emplace(epoch);
    if (is_new) row->second = {epoch, {}, kUnknown, kUnknown, {}};
    return row->second;
  };

  if (!metrics.rows.empty()) {
    VARPHASE_CHECK(metrics.has("epoch"), ErrorKind::format, "metrics: no column 'epoch'");
    const std::vector<double> epochs = metrics.values("epoch");
    const std::vector<double> deterministic = metrics.values(split + "_accuracy_deterministic");
    const std::vector<double> ensemble = metrics.values(split + "_accuracy_ensemble");
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
                     ErrorKind::format, "metrics: row {}: wants an epoch, got {}", r + 1,
                     epochs[r]);
      TransitionRow& row = row_of(static_cast<std::int64_t>(epochs[r]));
      row.accuracy_deterministic = deterministic[r];
      row.accuracy_ensemble = ensemble.empty() ? kUnknown : ensemble[r];
      row.log_alpha.clear();
      for (const std::vector<double>& column : log_alpha) row.log_alpha.push_back(column[r]);
    }
  }

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
    row_of(map.count.epoch).over = map.count.over;
  }
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

Json to_json(const Transition& transition) {
  Json rows = Json::array();
  for (const TransitionRow& row : transition.rows) {
    Json over = Json::object();
    for (std::size_t l = 0; l < row.over.size(); ++l) over[transition.layers[l]] = row.over[l];
    Json log_alpha = Json::object();
    for (std::size_t l = 0; l < row.log_alpha.size(); ++l) {
      log_alpha[transition.log_alpha_layers[l]] = number_or_null(row.log_alpha[l]);
    }
    rows.push_back({{"epoch", row.epoch},
                    {"over", row.over.empty() ? Json() : over},
                    {"over_total", epoch_or_null(row.over_total())},
                    {"accuracy_deterministic", number_or_null(row.accuracy_deterministic)},
                    {"accuracy_ensemble", number_or_null(row.accuracy_ensemble)},
                    {"log_alpha", log_alpha}});
  }
  const std::optional<bool> low_variance = transition.low_variance_phase();
  Json by_layer = Json::object();
  for (std::size_t l = 0; l < transition.layers.size(); ++l)
    by_layer[transition.layers[l]] = epoch_or_null(transition.onset_of(l));
  return {
      {"format", kFormat},
      {"onset_by_layer", by_layer},
      {"kappa0", transition.rules.kappa0},
      {"log10_kappa0", std::log10(transition.rules.kappa0)},
      {"split", transition.split},
      {"smooth", transition.smooth},
      {"maps",
       {{"asked", transition.maps.asked},
        {"images", transition.maps.images},
        {"split", transition.maps.split},
        {"method", transition.maps.method},
        {"taken", transition.maps.taken},
        {"left_out", transition.maps.left_out}}},
      {"onset", epoch_or_null(transition.onset)},
      {"drop", epoch_or_null(transition.drop)},
      {"lag", epoch_or_null(transition.lag())},
      {"gap", epoch_or_null(transition.gap)},
      {"gap_lag", epoch_or_null(transition.gap_lag())},
      {"low_variance_phase", low_variance ? Json(*low_variance) : Json()},
      {"onset_rule",
       {{"count", transition.rules.onset_count},
        {"share", transition.rules.onset_share},
        {"text", transition.onset_rule()}}},
      {"drop_rule", {{"points", transition.rules.drop_points}, {"text", transition.drop_rule()}}},
      {"gap_rule", {{"points", transition.rules.gap_points}, {"text", transition.gap_rule()}}},
      {"layers", transition.layers},
      {"weights", transition.weights},
      {"log_alpha_layers", transition.log_alpha_layers},
      {"rows", rows}};
}

Transition transition_from_json(const Json& json, const std::string& origin) {
  VARPHASE_CHECK(json.is_object() && json.value("format", Json()) == kFormat, ErrorKind::format,
                 "{}: is not a {} file\n  make it again with: varphase transition", origin,
                 kFormat);
  try {
    Transition transition;
    transition.rules.kappa0 = json.at("kappa0").get<double>();
    transition.rules.onset_count = json.at("onset_rule").at("count").get<std::int64_t>();
    transition.rules.onset_share = json.at("onset_rule").at("share").get<double>();
    transition.rules.drop_points = json.at("drop_rule").at("points").get<double>();
    // Files of before the gap was looked for have no rule of it: the default's.
    if (json.contains("gap_rule"))
      transition.rules.gap_points = json.at("gap_rule").at("points").get<double>();
    check_rules(transition.rules);
    transition.split = json.at("split").get<std::string>();
    transition.smooth = json.at("smooth").get<std::string>();
    // Files of before one could ask have none.
    if (json.contains("maps"))
      transition.maps.asked = json.at("maps").at("asked").get<std::string>();
    transition.layers = json.at("layers").get<std::vector<std::string>>();
    transition.weights = json.at("weights").get<std::vector<std::int64_t>>();
    transition.log_alpha_layers = json.at("log_alpha_layers").get<std::vector<std::string>>();
    transition.onset = epoch_of(json.at("onset"));
    transition.drop = epoch_of(json.at("drop"));
    for (const Json& item : json.at("rows")) {
      TransitionRow row;
      row.epoch = item.at("epoch").get<std::int64_t>();
      if (!item.at("over").is_null()) {
        for (const std::string& layer : transition.layers) {
          row.over.push_back(item.at("over").at(layer).get<std::int64_t>());
        }
      }
      row.accuracy_deterministic = number_of(item.at("accuracy_deterministic"));
      row.accuracy_ensemble = number_of(item.at("accuracy_ensemble"));
      for (const std::string& layer : transition.log_alpha_layers) {
        row.log_alpha.push_back(number_of(item.at("log_alpha").at(layer)));
      }
      transition.rows.push_back(std::move(row));
    }
    transition.gap = find_gap(transition);
    return transition;
  } catch (const Json::exception& error) {
    fail(ErrorKind::format, "{}: {}\n  make it again with: varphase transition", origin,
         error.what());
  }
}

std::string to_csv(const Transition& transition) {
  std::vector<std::string> cells{"epoch"};
  for (const std::string& layer : transition.layers) cells.push_back(csv_cell("over/" + layer));
  for (const char* name : {"over_total", "accuracy_deterministic", "accuracy_ensemble"})
    cells.emplace_back(name);
  for (const std::string& layer : transition.log_alpha_layers)
    cells.push_back(csv_cell("log_alpha/" + layer));
  std::string text = fmt::format("{}\n", fmt::join(cells, ","));
  for (const TransitionRow& row : transition.rows) {
    cells = {std::to_string(row.epoch)};
    for (std::size_t l = 0; l < transition.layers.size(); ++l) {
      cells.push_back(row.over.empty() ? "nan" : std::to_string(row.over[l]));
    }
    const auto total = row.over_total();
    cells.push_back(total ? std::to_string(*total) : "nan");
    cells.push_back(csv_cell(row.accuracy_deterministic));
    cells.push_back(csv_cell(row.accuracy_ensemble));
    for (const double value : row.log_alpha) cells.push_back(csv_cell(value));
    text += fmt::format("{}\n", fmt::join(cells, ","));
  }
  return text;
}

}  // namespace varphase
