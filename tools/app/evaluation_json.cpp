// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/base/byte_text.hpp"
#include "src/base/csv_table.hpp"
#include "tools/app/evaluate_job.hpp"

namespace varphase {
namespace {

constexpr const char* kForms[] = {"dense", "csr", "compact"};  // in the order of the file

void add_metrics(Json& json, const MetricsByEstimator& metrics) {
  for (const auto& [estimator, value] : metrics) {
    json["accuracy"][estimator] = value.accuracy;
    json["accuracy_se"][estimator] = value.accuracy_se;  // right behind it in the file
    for (const MetricField& field : kMetricFields) json[field.name][estimator] = value.*field.value;
  }
}

Json to_json(const LayerExecution& execution) {
  Json json{{"layer", execution.layer}, {"sparsity", execution.sparsity}, {"form", execution.form}};
  for (const char* form : kForms) json["bytes"][form] = execution.bytes.at(form);
  if (execution.images) json["images"] = *execution.images;
  for (const char* form : kForms)
    if (execution.seconds.contains(form)) json["seconds"][form] = execution.seconds.at(form);
  return json;
}

Json to_json(const EvaluatedNetwork& network) {
  Json json{{"name", text_of_bytes(network.name)},
            {"path", text_of_bytes(network.path)},
            {"bytes", network.bytes},
            {"images", network.images},
            {"data", network.data},
            {"weights", network.weights},
            {"nonzero", network.nonzero},
            {"layer_sparsity", network.layer_sparsity},
            {"network_sparsity", network.network_sparsity}};
  if (!network.criterion.empty()) json["criterion"] = text_of_bytes(network.criterion);
  if (!network.repair.empty()) json["repair"] = text_of_bytes(network.repair);
  if (network.execution) {
    json["execution"] = Json::array();
    for (const LayerExecution& layer : *network.execution)
      json["execution"].push_back(to_json(layer));
  }
  add_metrics(json, network.metrics);
  for (const auto& [estimator, paired] : network.difference) {
    json["difference"][estimator] = paired.difference;
    json["difference_se"][estimator] = paired.standard_error;
  }
  return json;
}

/// The predictions of all networks, whose names are those of the columns.
std::vector<std::string> estimators_of(const EvaluateResult& result) {
  std::vector<std::string> names;
  for (const EvaluatedNetwork& network : result.entries) {
    for (const auto& [estimator, value] : network.metrics) {
      if (std::find(names.begin(), names.end(), estimator) == names.end())
        names.push_back(estimator);
    }
  }
  return names;
}

void add_cells(std::vector<std::string>& cells, const MetricsByEstimator& metrics,
               const std::vector<std::string>& estimators) {
  for (const std::string& estimator : estimators) {
    const Metrics& value = metrics.at(estimator);
    cells.push_back(csv_cell(value.accuracy_se));
    for (const MetricField& field : kMetricFields) cells.push_back(csv_cell(value.*field.value));
  }
}

}  // namespace

Json to_json(const EvaluateResult& result) {
  Json entries = Json::array();
  for (const EvaluatedNetwork& network : result.entries) entries.push_back(to_json(network));
  Json json{{"samples", result.samples},
            {"seed", result.seed},
            {"split", result.split},
            {"entries", entries}};
  if (result.together) {
    Json together{{"networks", result.together->networks}};
    for (const auto& [estimator, value] : result.together->mutual_information)
      together["mutual_information"][estimator] = value;
    add_metrics(together, result.together->metrics);
    json["together"] = together;
  }
  if (result.tables) json["metrics"] = to_json(*result.tables);
  for (const EvaluatedNetwork& network : result.entries)
    if (network.examples) json["predictions"].push_back(to_json(*network.examples));
  return json;
}

std::string to_csv(const EvaluateResult& result) {
  const std::vector<std::string> estimators = estimators_of(result);
  std::vector<std::string> cells{"name",    "path",    "split",          "images",          "bytes",
                                 "weights", "nonzero", "layer_sparsity", "network_sparsity"};
  const std::size_t about = cells.size();
  for (const std::string& estimator : estimators) {
    cells.push_back("accuracy_se_" + estimator);
    for (const MetricField& field : kMetricFields)
      cells.push_back(fmt::format("{}_{}", field.name, estimator));
  }
  std::string text = fmt::format("{}\n", fmt::join(cells, ","));
  for (const EvaluatedNetwork& network : result.entries) {
    cells = {csv_cell(network.name),
             csv_cell(network.path),
             result.split,
             std::to_string(network.images),
             std::to_string(network.bytes),
             std::to_string(network.weights),
             std::to_string(network.nonzero),
             csv_cell(network.layer_sparsity),
             csv_cell(network.network_sparsity)};
    add_cells(cells, network.metrics, estimators);
    text += fmt::format("{}\n", fmt::join(cells, ","));
  }
  if (result.together) {
    cells.assign(about, "");
    cells.front() = "together";
    cells[2] = result.split;
    add_cells(cells, result.together->metrics, estimators);
    text += fmt::format("{}\n", fmt::join(cells, ","));
  }
  return text;
}

}  // namespace varphase
