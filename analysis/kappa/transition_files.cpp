// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analysis/kappa/transition.hpp"
#include "src/base/error.hpp"

// The forms in which a transition is kept: JSON, which is read again, and CSV.

namespace varphase {
namespace {

constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();
constexpr std::string_view kFormat = "varphase-transition-1";

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json epoch_or_null(const std::optional<std::int64_t>& epoch) {
  return epoch ? Json(*epoch) : Json();
}

double number_of(const Json& json) { return json.is_number() ? json.get<double>() : kNotMeasured; }

std::optional<std::int64_t> epoch_of(const Json& json) {
  return json.is_number_integer() ? std::optional(json.get<std::int64_t>()) : std::nullopt;
}

Json row_json(const TransitionRow& row, const Transition& transition) {
  Json over = Json::object();
  for (std::size_t l = 0; l < row.over.size(); ++l) over[transition.layers[l]] = row.over[l];
  Json log_alpha = Json::object();
  for (std::size_t l = 0; l < row.log_alpha.size(); ++l) {
    log_alpha[transition.log_alpha_layers[l]] = number_or_null(row.log_alpha[l]);
  }
  return {{"epoch", row.epoch},
          {"over", row.over.empty() ? Json() : over},
          {"over_total", epoch_or_null(row.over_total())},
          {"accuracy_deterministic", number_or_null(row.accuracy_deterministic)},
          {"accuracy_ensemble", number_or_null(row.accuracy_ensemble)},
          {"gap_se", number_or_null(row.gap_se)},
          {"log_alpha", log_alpha}};
}

TransitionRow row_from_json(const Json& item, const Transition& transition) {
  TransitionRow row;
  row.epoch = item.at("epoch").get<std::int64_t>();
  if (!item.at("over").is_null()) {
    for (const std::string& layer : transition.layers) {
      row.over.push_back(item.at("over").at(layer).get<std::int64_t>());
    }
  }
  row.accuracy_deterministic = number_of(item.at("accuracy_deterministic"));
  row.accuracy_ensemble = number_of(item.at("accuracy_ensemble"));
  row.gap_se = number_of(item.value("gap_se", Json()));  // not in files of 0.2.0
  for (const std::string& layer : transition.log_alpha_layers) {
    row.log_alpha.push_back(number_of(item.at("log_alpha").at(layer)));
  }
  return row;
}

}  // namespace

Json to_json(const Transition& transition) {
  Json rows = Json::array();
  for (const TransitionRow& row : transition.rows) rows.push_back(row_json(row, transition));
  const std::optional<bool> low_variance = transition.low_variance_phase();
  Json by_layer = Json::object();
  for (std::size_t l = 0; l < transition.layers.size(); ++l)
    by_layer[transition.layers[l]] = epoch_or_null(transition.onset_of(l));
  Json alpha = Json::object();
  for (std::size_t l = 0; l < transition.log_alpha_layers.size(); ++l)
    alpha[transition.log_alpha_layers[l]] = epoch_or_null(transition.alpha_passes_one(l));
  return {{"format", kFormat},
          {"onset_by_layer", by_layer},
          {"alpha_passes_one", alpha},
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
          {"drop_rule",
           {{"points", transition.rules.drop_points},
            {"standard_errors", kDropErrors},
            {"text", transition.drop_rule()}}},
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
    for (const Json& item : json.at("rows"))
      transition.rows.push_back(row_from_json(item, transition));
    VARPHASE_CHECK(!transition.onset || std::any_of(transition.rows.begin(), transition.rows.end(),
                                                    [&](const TransitionRow& row) {
                                                      return row.epoch == *transition.onset;
                                                    }),
                   ErrorKind::format,
                   "{}: its onset, epoch {}, is none of its rows\n  make it again with: varphase "
                   "transition",
                   origin, transition.onset.value_or(0));
    // Files of 0.2.0 have a drop by another rule, and none of the gap.
    transition.drop = find_drop(transition);
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
  for (const char* name : {"over_total", "accuracy_deterministic", "accuracy_ensemble", "gap_se"})
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
    cells.push_back(csv_cell(row.gap_se));
    for (const double value : row.log_alpha) cells.push_back(csv_cell(value));
    text += fmt::format("{}\n", fmt::join(cells, ","));
  }
  return text;
}

}  // namespace varphase
