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

/// How activations with kinks (relu, leaky relu) are made smooth for the curvature: not at all, or by softplus with
/// this beta in their place.
struct Smoothing {
  bool softplus = false;
  double beta = 1;
};

/// The layers of a network from one of them to its end, as rules of curvature, at a copy of their weights' means.
class CurvatureChain {
 public:
  /// @param first  the lowest layer of the chain @param smoothing  of every relu and leaky_relu in it
  /// @throws Error unsupported for a kind of layer without a rule, and for |x| that should be smoothed.
  CurvatureChain(const Network& network, std::size_t first, const Smoothing& smoothing,
                 at::ScalarType type);

  std::size_t first() const { return first_; }
  std::size_t size() const { return rules_.size(); }
  CurvatureRule& rule(std::size_t i) const { return *rules_[i]; }
  /// The rule as one of its kind; null where the layer has no weights, mixes no units linearly, or is no gate.
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
