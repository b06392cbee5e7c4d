// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/gradual_pruning.hpp"

#include "analysis/predict/sampled_inputs.hpp"
#include "analysis/prune/ranking.hpp"

namespace varphase {

std::function<at::Tensor(const VarianceLayer&)> pruning_score(Network& network,
                                                              const DeviceImages& images,
                                                              const std::string& criterion,
                                                              std::uint64_t seed) {
  return [&network, &images, criterion, seed](const VarianceLayer& layer) {
    PrunableLayer entry;
    entry.position = network.position(layer.name());
    entry.layer = network.layers()[entry.position]->as_variance();
    if (criteria().at(criterion).inputs)
      entry.input_square = SampledInputs(network, images, seed, 0).mean_square(entry.position);
    const auto inputs = score_inputs(network, {entry}, {criterion}, nullptr, "", images, seed);
    return rank(criterion, inputs, images.labels.device()).scores.front();
  };
}

}  // namespace varphase
