// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/byte_text.hpp"
#include "tools/app/shift_job.hpp"

namespace varphase {
namespace {

Json to_json(const std::vector<ShiftScores>& rows) {
  Json list = Json::array();
  for (const ShiftScores& row : rows) {
    Json json{{"corruption", row.corruption}, {"strength", row.strength}};
    for (const auto& [estimator, metrics] : row.metrics)
      for (const MetricField& field : kMetricFields)
        json[field.name][estimator] = metrics.*field.value;
    list.push_back(std::move(json));
  }
  return list;
}

}  // namespace

Json to_json(const ShiftResult& result) {
  Json networks = Json::array();
  for (const ShiftedNetwork& network : result.networks)
    networks.push_back({{"name", text_of_bytes(network.name)},
                        {"path", text_of_bytes(network.path)},
                        {"images", network.images},
                        {"data", network.data},
                        {"scores", to_json(network.scores)},
                        {"means", to_json(network.means)}});
  return {{"samples", result.samples},
          {"seed", result.seed},
          {"split", result.split},
          {"networks", networks}};
}

}  // namespace varphase
