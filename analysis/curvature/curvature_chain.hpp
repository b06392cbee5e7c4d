// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/curvature/gate.hpp"
#include "analysis/curvature/rule.hpp"
#include "src/models/network.hpp"

namespace varphase {

/// How activations with kinks are made smooth for curvature: not, or by softplus with its beta.
struct Smoothing {
  bool softplus = false;
  double beta = 1;
};

/// The layers of a network from one on, as rules of curvature. Copies the weights.
class CurvatureChain {
 public:
  /// @param smoothing of every relu and leaky_relu in the chain.
  /// @throws Error unsupported for a kind of layer without a rule, and for |x| that is smoothed.
  CurvatureChain(const Network& network, std::size_t first, const Smoothing& smoothing,
                 at::ScalarType type);

  std::size_t first() const { return first_; }
  std::size_t size() const { return rules_.size(); }
  CurvatureRule& rule(std::size_t i) const { return *rules_[i]; }
  /// Null where the layer has no weights, or mixes no units.
  WeightedRule* weighted(std::size_t i) const;
  LinearRule* linear(std::size_t i) const;
  GateRule* gate(std::size_t i) const;

  /// @param x input of layer `first` [N, ...]; differentiable. @return logits [N, classes]
  at::Tensor forward(at::Tensor x);
  void clear();

 private:
  std::size_t first_;
  std::vector<std::unique_ptr<CurvatureRule>> rules_;
};

}  // namespace varphase
