// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/cli/prune_output.hpp"

#include "src/base/text_table.hpp"

namespace varphase {
namespace {

Json moments_json(const MultiplyAdds& adds) {
  return {{"mean", adds.mean}, {"moments", adds.moments}};
}

Json adds_json(const MultiplyAdds& full, const MultiplyAdds& pruned) {
  return {{"full", moments_json(full)}, {"pruned", moments_json(pruned)}};
}

}  // namespace

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

std::string layers_text(const NetworkCost& cost, bool wide) {
  const TextTable table({{"layer", 8},
                         {"weights", 11},
                         {"kept", 10},
                         {"sparsity %", 10},
                         {"x weights", 9},
                         {"x bytes", 8, 1},
                         {"mult.-adds", 16}},
                        !wide);
  std::string text = table.header() + "\n";
  const auto row = [&](const LayerCost& layer, const MultiplyAdds& full,
                       const MultiplyAdds& pruned) {
    text += table.row({layer.layer, count_text(layer.weights), count_text(layer.kept),
                       fmt::format("{:.2f}", 100 * layer.sparsity()),
                       fmt::format("{:.1f}", layer.weight_compression()),
                       fmt::format("{:.2f}", layer.byte_compression()),
                       adds_text(full.moments) + " > " + adds_text(pruned.moments)}) +
            "\n";
  };
  LayerCost all;
  all.layer = "together";
  MultiplyAdds full, pruned;
  for (const LayerCost& layer : cost.layers) {
    row(layer, layer.full, layer.pruned);
    all.weights += layer.weights;
    all.kept += layer.kept;
    all.dense_bytes += layer.dense_bytes;
    all.stored_bytes += layer.stored_bytes;
    full.moments += layer.full.moments;
    pruned.moments += layer.pruned.moments;
  }
  if (cost.layers.size() > 1) row(all, full, pruned);
  if (!table.left_out().empty()) text += table.left_out() + "\n";
  return text;
}

std::string adds_text(std::int64_t adds) {
  return adds < 1000000 ? fmt::format("{:.1f}k", static_cast<double>(adds) / 1e3)
                        : fmt::format("{:.2f}M", static_cast<double>(adds) / 1e6);
}

}  // namespace varphase
