// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/kappa/transition_comparison.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/base/byte_text.hpp"

namespace varphase {
namespace {

constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

std::optional<double> as_number(const std::optional<std::int64_t>& whole) {
  return whole ? std::optional(static_cast<double>(*whole)) : std::nullopt;
}

/// The value of the last row that has one.
std::optional<double> last_measured(const Transition& transition,
                                    const std::function<double(const TransitionRow&)>& value) {
  for (auto row = transition.rows.rbegin(); row != transition.rows.rend(); ++row) {
    if (std::isfinite(value(*row))) return value(*row);
  }
  return std::nullopt;
}

/// The names of all runs' lists, each once, in the order in which they come.
std::vector<std::string> names_of_all(std::span<const NamedTransition> runs,
                                      std::vector<std::string> Transition::*list) {
  std::vector<std::string> all;
  for (const NamedTransition& run : runs) {
    for (const std::string& name : run.transition.*list) {
      if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(name);
    }
  }
  return all;
}

std::optional<std::size_t> index_in(const std::vector<std::string>& list, const std::string& name) {
  const auto found = std::find(list.begin(), list.end(), name);
  if (found == list.end()) return std::nullopt;
  return static_cast<std::size_t>(found - list.begin());
}

Json value_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }

}  // namespace

std::size_t ComparedValue::known() const {
  return static_cast<std::size_t>(std::count_if(
      values.begin(), values.end(), [](const std::optional<double>& one) { return one; }));
}

double ComparedValue::mean() const {
  double sum = 0;
  for (const std::optional<double>& one : values) sum += one.value_or(0);
  return known() > 0 ? sum / static_cast<double>(known()) : kNoValue;
}

double ComparedValue::deviation() const {
  if (known() < 2) return kNoValue;
  double squares = 0;
  for (const std::optional<double>& one : values) squares += one ? std::pow(*one - mean(), 2) : 0;
  return std::sqrt(squares / static_cast<double>(known() - 1));
}

std::vector<ComparedValue> compared_values(std::span<const NamedTransition> runs) {
  std::vector<ComparedValue> table;
  const auto add = [&](const std::string& name,
                       const std::function<std::optional<double>(const Transition&)>& value) {
    ComparedValue column{name, {}};
    for (const NamedTransition& run : runs) column.values.push_back(value(run.transition));
    table.push_back(std::move(column));
  };
  add("onset", [](const Transition& one) { return as_number(one.onset); });
  add("drop", [](const Transition& one) { return as_number(one.drop); });
  add("gap", [](const Transition& one) { return as_number(one.gap); });
  add("lag", [](const Transition& one) { return as_number(one.lag()); });
  add("gap_lag", [](const Transition& one) { return as_number(one.gap_lag()); });
  add("over", [](const Transition& one) {
    return last_measured(one, [](const TransitionRow& row) {
      return as_number(row.over_total()).value_or(kNoValue);
    });
  });
  add("accuracy_deterministic", [](const Transition& one) {
    return last_measured(one, [](const TransitionRow& row) { return row.accuracy_deterministic; });
  });
  add("accuracy_ensemble", [](const Transition& one) {
    return last_measured(one, [](const TransitionRow& row) { return row.accuracy_ensemble; });
  });
  for (const std::string& layer : names_of_all(runs, &Transition::layers)) {
    add("onset/" + layer, [&](const Transition& one) {
      const std::optional<std::size_t> at = index_in(one.layers, layer);
      return at ? as_number(one.onset_of(*at)) : std::nullopt;
    });
  }
  for (const std::string& layer : names_of_all(runs, &Transition::log_alpha_layers)) {
    add("log_alpha/" + layer, [&](const Transition& one) -> std::optional<double> {
      const std::optional<std::size_t> at = index_in(one.log_alpha_layers, layer);
      if (!at) return std::nullopt;
      return last_measured(one, [&](const TransitionRow& row) { return row.log_alpha[*at]; });
    });
  }
  return table;
}

Json to_json(std::span<const NamedTransition> runs) {
  Json list = Json::array();
  for (const NamedTransition& run : runs) {
    Json one{{"name", text_of_bytes(run.name)}, {"run", text_of_bytes(run.run)}};
    one.update(to_json(run.transition));
    list.push_back(std::move(one));
  }
  Json table = Json::array();
  for (const ComparedValue& column : compared_values(runs)) {
    Json values = Json::array();
    for (const std::optional<double>& one : column.values)
      values.push_back(one ? Json(*one) : Json());
    table.push_back({{"value", column.name},
                     {"values", values},
                     {"known", column.known()},
                     {"mean", value_or_null(column.mean())},
                     {"deviation", value_or_null(column.deviation())}});
  }
  return {{"format", "varphase-transitions-1"}, {"runs", list}, {"table", table}};
}

std::string to_csv(std::span<const NamedTransition> runs) {
  const std::vector<ComparedValue> table = compared_values(runs);
  std::vector<std::string> cells{"name", "run"};
  for (const ComparedValue& column : table) cells.push_back(csv_cell(column.name));
  std::string text = fmt::format("{}\n", fmt::join(cells, ","));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    cells = {csv_cell(runs[i].name), csv_cell(runs[i].run)};
    for (const ComparedValue& column : table)
      cells.push_back(csv_cell(column.values[i].value_or(kNoValue)));
    text += fmt::format("{}\n", fmt::join(cells, ","));
  }
  return text;
}

}  // namespace varphase
