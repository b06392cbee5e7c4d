// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/sweep_report.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/ranges.h>

namespace varphase {
namespace {

Json finite(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json rows_json(const SweepReport& report) {
  const SweepResult& result = report.result;
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
             {"bytes", stored_bytes(cost)},
             {"byte_compression", compression},
             {"multiply_adds", to_json(cost.pruned)}});
  }
  return rows;
}

Json chosen_json(const SweepReport& report) {
  if (report.chosen < 0) return nullptr;
  Json chosen{{"row", report.chosen},
              {"rule", report.rule},
              {"split", split_name(report.split)},
              {"test", nullptr}};
  if (report.tested) {
    const auto& [full, row] = *report.tested;
    chosen["test"] = {{"images", full.images},
                      {"full_accuracy", full.accuracy},
                      {"accuracy", row.metrics.accuracy},
                      {"accuracy_se", row.metrics.accuracy_se},
                      {"difference", row.difference.difference},
                      {"difference_se", row.difference.standard_error},
                      {"nll", row.metrics.nll}};
  }
  return chosen;
}

}  // namespace

std::int64_t stored_bytes(const NetworkCost& cost) {
  std::int64_t bytes = 0;
  for (const LayerCost& layer : cost.layers) bytes += layer.stored_bytes;
  return bytes;
}

std::int64_t SweepReport::dense_bytes() const {
  std::int64_t bytes = 0;
  if (!costs.empty()) {
    for (const LayerCost& layer : costs.front().layers) bytes += layer.dense_bytes;
  }
  return bytes;
}

Json to_json(const SweepReport& report) {
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
            {"predicted_images", result.full.images},
            {"replace", names},
            {"repair", repair_name(report.request.repair)},
            {"scope", scope_name(report.request.scope)},
            {"smooth", report.smooth},
            {"kappa_map", report.kappa_map},
            {"criterion", report.by_criteria ? "several" : "kappa"},
            {"criteria", criteria},
            {"left_out", left_out},
            {"full",
             {{"accuracy", result.full.accuracy},
              {"accuracy_se", result.full.accuracy_se},
              {"nll", result.full.nll},
              {"bytes", report.dense_bytes()}}}};
  if (!report.costs.empty()) json["full"]["multiply_adds"] = to_json(report.costs.front().full);
  json["rows"] = rows_json(report);
  json["chosen"] = chosen_json(report);
  return json;
}

std::string to_csv(const SweepReport& report) {
  std::string csv =
      "criterion,log10_threshold,wanted_sparsity,sparsity,network_sparsity,kept,replace,repair,"
      "accuracy,accuracy_se,difference,difference_se,nll,bytes,multiply_adds_mean,"
      "multiply_adds_moments\n";
  for (std::size_t i = 0; i < report.result.rows.size(); ++i) {
    const SweepRow& row = report.result.rows[i];
    const std::string value = fmt::format("{}", row.point.value);
    csv += fmt::format(
        "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", row.criterion,
        row.point.by_sparsity ? "" : value, row.point.by_sparsity ? value : "", row.sparsity,
        row.network_sparsity, row.kept_total(), replacement_name(row.replace),
        repair_name(report.request.repair), row.metrics.accuracy, row.metrics.accuracy_se,
        row.difference.difference, row.difference.standard_error, row.metrics.nll,
        stored_bytes(report.costs[i]), report.costs[i].pruned.mean, report.costs[i].pruned.moments);
  }
  return csv;
}

}  // namespace varphase
