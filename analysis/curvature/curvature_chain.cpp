// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/curvature/curvature_chain.hpp"

namespace varphase {

CurvatureChain::CurvatureChain(const Network& network, std::size_t first,
                               const Smoothing& smoothing, at::ScalarType type)
    : first_(first) {
  const auto& layers = network.layers();
  Shape shape = network.input_of(first);
  for (std::size_t i = first; i < layers.size(); ++i) {
    Layer& layer = *layers[i];
    rules_.push_back(make_rule({layer, shape, type, smoothing.softplus, smoothing.beta}));
    shape = layer.output_shape();
  }
}

WeightedRule* CurvatureChain::weighted(std::size_t i) const { return rules_[i]->as_weighted(); }
LinearRule* CurvatureChain::linear(std::size_t i) const { return rules_[i]->as_linear(); }
GateRule* CurvatureChain::gate(std::size_t i) const { return rules_[i]->as_gate(); }

at::Tensor CurvatureChain::forward(at::Tensor x) {
  for (const auto& rule : rules_) x = rule->forward(x);
  return x;
}

void CurvatureChain::clear() {
  for (const auto& rule : rules_) rule->clear();
}

}  // namespace varphase
