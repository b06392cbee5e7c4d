// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/byte_text.hpp"
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
  if (network.execution) {
    json["execution"] = Json::array();
    for (const LayerExecution& layer : *network.execution)
      json["execution"].push_back(to_json(layer));
  }
  add_metrics(json, network.metrics);
  return json;
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
  return json;
}

}  // namespace varphase
