// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/prune_result.hpp"

#include <fmt/ranges.h>

#include "analysis/sparse/sparse_model.hpp"
#include "src/base/byte_text.hpp"

namespace varphase {
namespace {

Json adds_json(const MultiplyAdds& full, const MultiplyAdds& pruned) {
  return {{"full", to_json(full)}, {"pruned", to_json(pruned)}};
}

Json layers_json(const NetworkCost& cost) {
  Json layers = Json::array();
  for (const LayerCost& layer : cost.layers) {
    layers.push_back(Json{{"layer", layer.layer},
                          {"weights", layer.weights},
                          {"kept", layer.kept},
                          {"sparsity", layer.sparsity()},
                          {"compression", layer.weight_compression()},
                          {"byte_compression", layer.byte_compression()},
                          {"dense_bytes", layer.dense_bytes},
                          {"bytes", layer.stored_bytes},
                          {"multiply_adds", adds_json(layer.full, layer.pruned)}});
  }
  return layers;
}

Json units_json(const std::vector<CompactedLayer>& layers) {
  Json rows = Json::array();
  for (const CompactedLayer& layer : layers) {
    rows.push_back(Json{{"layer", layer.layer},
                        {"units_before", layer.units_before},
                        {"units", layer.units},
                        {"weights_before", layer.weights_before},
                        {"weights", layer.weights}});
  }
  return rows;
}

}  // namespace

Json to_json(const PruneResult& result) {
  std::vector<std::string> names;
  for (const LayerCost& layer : result.cost.layers) names.push_back(layer.layer);
  return {{"path", text_of_bytes(result.path)},
          {"images", result.images},
          {"layer", fmt::format("{}", fmt::join(names, ","))},
          {"weights", result.weights},
          {"kept", result.kept},
          {"sparsity", result.sparsity},
          {"network_sparsity", result.network_sparsity},
          {"compression", compression(result.sparsity)},
          {"bytes", result.bytes},
          {"dense_bytes", result.dense_bytes},
          {"replace", result.replace},
          {"repair", result.repair},
          {"criterion", result.criterion},
          {"scope", result.scope},
          {"smooth", result.smooth},
          {"kappa_map", result.kappa_map},
          {"cut", result.cut},
          {"structure", result.structure},
          {"units", units_json(result.units)},
          {"layers", layers_json(result.cost)},
          {"multiply_adds", adds_json(result.cost.full, result.cost.pruned)}};
}

}  // namespace varphase
