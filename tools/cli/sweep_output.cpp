// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/cli/sweep_output.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/ranges.h>

#include "src/base/text_table.hpp"

namespace varphase {
namespace {

constexpr std::size_t kColumns = 8;  // of a table of criteria: 76 characters

std::int64_t stored(const NetworkCost& cost) {
  std::int64_t bytes = 0;
  for (const LayerCost& layer : cost.layers) bytes += layer.stored_bytes;
  return bytes;
}

Json finite(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json adds_json(const MultiplyAdds& adds) {
  return {{"mean", adds.mean}, {"moments", adds.moments}};
}

/// The criteria of a table by sparsity: one line a criterion and rule, one column a sparsity.
std::string pivot(const SweepReport& report, const std::string& title,
                  const std::function<std::string(const SweepRow&)>& cell) {
  const std::size_t rules = report.request.rules.size(), points = report.request.points.size();
  const std::vector<SweepRow>& rows = report.result.rows;
  std::string text;
  for (std::size_t first = 0; first < points; first += kColumns) {
    const std::size_t last = std::min(points, first + kColumns);
    std::vector<TextTable::Column> columns{{title, 14}, {"rule", 4}};
    for (std::size_t p = first; p < last; ++p) {
      const SweepPoint& point = report.request.points[p];
      columns.push_back({point.by_sparsity ? fmt::format("{:g}", 100 * point.value)
                                           : fmt::format("10^{:g}", point.value),
                         5});
    }
    const TextTable table(columns);
    if (!text.empty()) text += "\n";
    text += table.header() + "\n";
    for (std::size_t c = 0; c < rows.size() / rules / points; ++c) {
      for (std::size_t r = 0; r < rules; ++r) {
        const auto row = [&](std::size_t p) -> const SweepRow& {
          return rows[(c * points + p) * rules + r];
        };
        std::vector<std::string> cells{row(first).criterion, replacement_name(row(first).replace)};
        for (std::size_t p = first; p < last; ++p) cells.push_back(cell(row(p)));
        text += table.row(cells) + "\n";
      }
    }
  }
  return text;
}

}  // namespace

std::int64_t SweepReport::dense_bytes() const {
  std::int64_t bytes = 0;
  if (!costs.empty()) {
    for (const LayerCost& layer : costs.front().layers) bytes += layer.dense_bytes;
  }
  return bytes;
}

Json sweep_json(const SweepReport& report) {
  const SweepResult& result = report.result;
  Json names = Json::array(), criteria = Json::array(), left_out = Json::array();
  for (const Replacement replace : report.request.rules) names.push_back(replacement_name(replace));
  for (const SweepRow& row : result.rows) {
    if (std::find(criteria.begin(), criteria.end(), Json(row.criterion)) == criteria.end())
      criteria.push_back(row.criterion);
  }
  for (const auto& [criterion, why] : report.left_out)
    left_out.push_back(Json{{"criterion", criterion}, {"why", why}});
  Json json{{"epoch", report.epoch},
            {"checkpoint", report.checkpoint},
            {"runs", report.runs},
            {"images", report.images},
            {"layer", fmt::format("{}", fmt::join(report.layers, ","))},
            {"layers", report.layers},
            {"samples", report.request.members},
            {"seed", report.request.seed},
            {"split", split_name(report.split)},
            {"replace", names},
            {"repair", repair_name(report.request.repair)},
            {"scope", scope_name(report.request.scope)},
            {"smooth", report.smooth},
            {"kappa_map", report.map},
            {"criterion", report.by_criteria ? "several" : "kappa"},
            {"criteria", criteria},
            {"left_out", left_out},
            {"full",
             {{"accuracy", result.full.accuracy},
              {"accuracy_se", result.full.accuracy_se},
              {"nll", result.full.nll},
              {"bytes", report.dense_bytes()}}}};
  if (!report.costs.empty()) json["full"]["multiply_adds"] = adds_json(report.costs.front().full);
  Json rows = Json::array();
  for (std::size_t i = 0; i < result.rows.size(); ++i) {
    const SweepRow& row = result.rows[i];
    const NetworkCost& cost = report.costs[i];
    Json kept = Json::object(), compression = Json::object();
    for (const LayerCost& layer : cost.layers) {
      kept[layer.layer] = layer.kept;
      compression[layer.layer] = finite(layer.byte_compression());
    }
    rows.push_back(
        Json{{"criterion", row.criterion},
             {"log10_threshold", row.point.by_sparsity ? Json(nullptr) : Json(row.point.value)},
             {"wanted_sparsity", row.point.by_sparsity ? Json(row.point.value) : Json(nullptr)},
             {"threshold", finite(row.threshold)},
             {"sparsity", row.sparsity},
             {"network_sparsity", row.network_sparsity},
             {"kept", row.kept_total()},
             {"kept_by_layer", kept},
             {"replace", replacement_name(row.replace)},
             {"repair", repair_name(report.request.repair)},
             {"accuracy", row.metrics.accuracy},
             {"accuracy_se", row.metrics.accuracy_se},
             {"difference", row.difference.difference},
             {"difference_se", row.difference.standard_error},
             {"nll", row.metrics.nll},
             {"brier", row.metrics.brier},
             {"ece", row.metrics.ece},
             {"bytes", stored(cost)},
             {"byte_compression", compression},
             {"multiply_adds", adds_json(cost.pruned)}});
  }
  json["rows"] = rows;
  json["chosen"] = report.chosen < 0 ? Json(nullptr)
                                     : Json{{"row", report.chosen},
                                            {"rule", report.rule},
                                            {"split", split_name(report.split)}};
  return json;
}

std::string sweep_csv(const SweepReport& report) {
  std::string csv =
      "criterion,log10_threshold,wanted_sparsity,sparsity,network_sparsity,kept,replace,repair,"
      "accuracy,accuracy_se,difference,difference_se,nll,bytes,multiply_adds_mean,"
      "multiply_adds_moments\n";
  for (std::size_t i = 0; i < report.result.rows.size(); ++i) {
    const SweepRow& row = report.result.rows[i];
    const std::string value = fmt::format("{}", row.point.value);
    csv += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", row.criterion,
                       row.point.by_sparsity ? "" : value, row.point.by_sparsity ? value : "",
                       row.sparsity, row.network_sparsity, row.kept_total(),
                       replacement_name(row.replace), repair_name(report.request.repair),
                       row.metrics.accuracy, row.metrics.accuracy_se, row.difference.difference,
                       row.difference.standard_error, row.metrics.nll, stored(report.costs[i]),
                       report.costs[i].pruned.mean, report.costs[i].pruned.moments);
  }
  return csv;
}

std::string cut_table(const SweepReport& report, bool wide) {
  const TextTable table({{"log10 kappa_0", 13},
                         {"replace", 7},
                         {"sparsity %", 10},
                         {"kept", 8},
                         {"ens. %", 7},
                         {"lost", 6},
                         {"s.e.", 5},
                         {"NLL", 7},
                         {"bytes", 9, 1}},
                        !wide);
  std::string text = table.header() + "\n";
  for (std::size_t i = 0; i < report.result.rows.size(); ++i) {
    const SweepRow& row = report.result.rows[i];
    text += table.row(
                {std::isnan(row.threshold) ? "" : fmt::format("{:.2f}", std::log10(row.threshold)),
                 replacement_name(row.replace), fmt::format("{:.2f}", 100 * row.sparsity),
                 count_text(row.kept_total()), fmt::format("{:.2f}", 100 * row.metrics.accuracy),
                 fmt::format("{:+.2f}", 0.0 - 100 * row.difference.difference),
                 fmt::format("{:.2f}", 100 * row.difference.standard_error),
                 fmt::format("{:.4f}", row.metrics.nll),
                 bytes_text(static_cast<double>(stored(report.costs[i])))}) +
            "\n";
  }
  if (!table.left_out().empty()) text += table.left_out() + "\n";
  return text;
}

std::string criteria_table(const SweepReport& report) {
  std::string text = pivot(report, "accuracy %", [](const SweepRow& row) {
    const std::string cell = fmt::format("{:.2f}", 100 * row.metrics.accuracy);
    return cell == "100.00" ? "100" : cell;
  });
  if (report.runs.size() > 1)
    text += "\n" + pivot(report, "its s.e.", [](const SweepRow& row) {
              return fmt::format("{:.2f}", 100 * row.metrics.accuracy_se);
            });
  text += "\n" + pivot(report, "NLL",
                       [](const SweepRow& row) { return fmt::format("{:.3f}", row.metrics.nll); });
  return text;
}

}  // namespace varphase
