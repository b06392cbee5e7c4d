// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/uncertainty_figures.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "analysis/report/figure_data.hpp"
#include "analysis/report/html.hpp"
#include "analysis/report/shown_text.hpp"

namespace varphase {
namespace {

// Evaluations may come from other programs: nothing is too large for a page.
constexpr std::size_t kMostColumns = 64, kMostValues = 1000, kMostSets = 8;

/// At most kMostValues numbers or nulls; empty where there is no list.
Json number_list(const Json& values) {
  Json list = Json::array();
  if (!values.is_array()) return list;
  for (const Json& value : values) {
    if (list.size() == kMostValues) break;
    list.push_back(value.is_number() ? value : Json());
  }
  return list;
}

/// Lists of an object cut to the shortest of them.
Json lists_at(const Json& object, std::initializer_list<const char*> keys) {
  Json lists = Json::object();
  std::size_t least = kMostValues;
  for (const char* key : keys) {
    lists[key] = number_list(value_at(object, key));
    least = std::min(least, lists[key].size());
  }
  for (const char* key : keys)
    while (lists[key].size() > least) lists[key].erase(lists[key].size() - 1);
  return lists;
}

/// Columns of the tables, at most kMostColumns.
std::vector<Json> columns_of(const Json& metrics) {
  std::vector<Json> columns;
  const Json& list = value_at(metrics, "columns");
  if (!list.is_array()) return columns;
  for (const Json& column : list)
    if (column.is_object() && columns.size() < kMostColumns) columns.push_back(column);
  return columns;
}

std::vector<std::string> other_sets(const Json& metrics) {
  std::vector<std::string> names;
  const Json& list = value_at(metrics, "ood");
  if (!list.is_array()) return names;
  for (const Json& set : list)
    if (names.size() < kMostSets) names.push_back(text_or(text_at(set, "name"), "unnamed"));
  return names;
}

std::string estimator_text(const Json& column) {
  const std::string estimator = text_or(text_at(column, "estimator"), "unnamed");
  return estimator == "zero_mean" ? "zero mean" : estimator;
}

/// "95 (95 % of dense1 gone), ensemble, K = 50". @param network  its title
std::string column_title(const Json& column, const std::string& network, const Json& samples) {
  const std::string estimator = estimator_text(column);
  const bool has_members = estimator == "ensemble" || estimator == "zero mean";
  return fmt::format("{}, {}{}", network, estimator,
                     has_members && !samples.is_null() ? ", K = " + samples.dump() : "");
}

Json column_data(const Json& column, std::size_t sets, const Json& evaluation) {
  const std::string network =
      network_title(evaluation, text_or(text_at(column, "network"), "unnamed"));
  const Json& reliability = value_at(column, "reliability");
  const Json& entropy = value_at(column, "entropy");
  const auto bins = [&](const char* kind) {
    return lists_at(value_at(reliability, kind),
                    {"lower", "upper", "images", "accuracy", "confidence"});
  };
  Json others = Json::array();
  const Json& lists = value_at(entropy, "ood");
  for (std::size_t set = 0; set < sets; ++set)
    others.push_back(number_list(lists.is_array() && set < lists.size() ? lists[set] : Json()));
  const std::string estimator = text_or(text_at(column, "estimator"), "unnamed");
  return {
      {"title", column_title(column, network, number_at(evaluation, "samples"))},
      {"network", network},
      {"estimator", estimator},
      {"risk_coverage", lists_at(value_at(column, "risk_coverage"), {"coverage", "risk"})},
      {"reliability", {{"equal_width", bins("equal_width")}, {"equal_mass", bins("equal_mass")}}},
      {"entropy",
       {{"most", number_at(entropy, "most")},
        {"own", number_list(value_at(entropy, "own"))},
        {"ood", others}}}};
}

struct ShownMetric {
  const char* name;
  const char* title;
  double scale;
  int digits;
};

struct ShownGroup {
  const char* title;
  std::vector<ShownMetric> metrics;
};

const std::vector<ShownGroup>& shown_groups() {
  static const std::vector<ShownGroup> groups{{"Classification",
                                               {{"cls/Acc", "accuracy, %", 100, 2},
                                                {"cls/Brier", "Brier", 1, 4},
                                                {"cls/NLL", "NLL", 1, 4},
                                                {"cls/Entropy", "entropy", 1, 4},
                                                {"cls/MI", "mutual information", 1, 4}}},
                                              {"Calibration",
                                               {{"cal/ECE", "ECE, %", 100, 2},
                                                {"cal/aECE", "ECE, equal mass, %", 100, 2},
                                                {"cal/MCE", "MCE, %", 100, 2}}},
                                              {"Selective prediction",
                                               {{"sc/AURC", "AURC, %", 100, 3},
                                                {"sc/AUGRC", "AUGRC, %", 100, 3},
                                                {"sc/Acc_80Cov", "accuracy at 80 %, %", 100, 2},
                                                {"sc/Acc_90Cov", "accuracy at 90 %, %", 100, 2}}}};
  return groups;
}

const ShownGroup& shown_detection() {
  static const ShownGroup group{
      "",
      {{"ood/entropy/AUROC", "AUROC, entropy, %", 100, 2},
       {"ood/entropy/FPR95", "FPR95, entropy, %", 100, 2},
       {"ood/mutual_information/AUROC", "AUROC, mutual information, %", 100, 2},
       {"ood/mutual_information/FPR95", "FPR95, mutual information, %", 100, 2},
       {"ood/msp/AUROC", "AUROC, maximum probability, %", 100, 2},
       {"ood/msp/FPR95", "FPR95, maximum probability, %", 100, 2}}};
  return group;
}

/// Of what a network does not have (one member: no disagreement among members), or another program's file lacks.
constexpr const char* kNoSuchMetric = "has none";

std::string metric_cell(const Json& metric, const ShownMetric& shown) {
  if (number_at(metric, "value").is_null()) return fmt::format("<td>{}</td>", kNoSuchMetric);
  const auto text = [&](const char* key) {
    return number_text(number_at(metric, key), shown.scale, shown.digits);
  };
  if (number_at(metric, "low").is_null()) return "<td>" + text("value") + "</td>";
  return fmt::format("<td>{} <small>{} to {}</small></td>", text("value"), text("low"),
                     text("high"));
}

/// @param columns  with the network's title as its name @param metrics_of  the metrics of a column by name
template <class MetricsOf>
std::string group_table(const std::string& caption, const ShownGroup& group,
                        const std::vector<Json>& columns, MetricsOf&& metrics_of) {
  std::string head = "<th scope=\"col\">model</th><th scope=\"col\">prediction</th>", rows;
  for (const ShownMetric& shown : group.metrics)
    head += fmt::format("<th scope=\"col\">{}</th>", shown.title);
  for (const Json& column : columns) {
    rows += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td>",
                        escape_html(text_or(text_at(column, "network"), "unnamed")),
                        escape_html(estimator_text(column)));
    for (const ShownMetric& shown : group.metrics)
      rows += metric_cell(value_at(metrics_of(column), shown.name), shown);
    rows += "</tr>";
  }
  return fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table><caption>"
      "<span>{}</span></caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>",
      caption, caption, head, rows);
}

}  // namespace

Json uncertainty_data(const std::string& file, const Json& evaluation) {
  const Json& metrics = value_at(evaluation, "metrics");
  const std::vector<std::string> sets = other_sets(metrics);
  Json columns = Json::array();
  for (const Json& column : columns_of(metrics))
    columns.push_back(column_data(column, sets.size(), evaluation));
  if (columns.empty()) return {};
  return {{"file", file},
          {"split", text_at(evaluation, "split")},
          {"samples", number_at(evaluation, "samples")},
          {"seed", number_at(evaluation, "seed")},
          {"ood", sets},
          {"columns", columns}};
}

std::string uncertainty_tables(const std::string& file, const Json& evaluation) {
  const Json& metrics = value_at(evaluation, "metrics");
  std::vector<Json> columns = columns_of(metrics);
  if (columns.empty()) return "";
  for (Json& column : columns)
    column["network"] = network_title(evaluation, text_or(text_at(column, "network"), "unnamed"));
  const std::string source = escape_html(fmt::format(
      "{}, {} split, K = {}, seed {}", file, text_or(text_at(evaluation, "split"), "unnamed"),
      number_at(evaluation, "samples").dump(), number_at(evaluation, "seed").dump()));
  std::string html;
  for (const ShownGroup& group : shown_groups())
    html += group_table(fmt::format("{}: {}", group.title, source), group, columns,
                        [](const Json& column) { return value_at(column, "metrics"); });
  const std::vector<std::string> sets = other_sets(metrics);
  for (std::size_t set = 0; set < sets.size(); ++set) {
    html += group_table(
        fmt::format("Images of {} told from the network’s own: {}", escape_html(sets[set]), source),
        shown_detection(), columns, [set](const Json& column) {
          const Json& list = value_at(column, "ood");
          return list.is_array() && set < list.size() ? list[set] : Json();
        });
  }
  return html;
}

}  // namespace varphase
