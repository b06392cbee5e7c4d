// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include <ATen/core/Tensor.h>

#include "src/base/registry.hpp"
#include "src/layers/layer.hpp"

namespace varphase {

/// A part of the Hessian of the loss in the units of one layer, for each image n, as a sum of signed squares:
///
///     sum_f sign[n,f] vector[n,f] vector[n,f]^T
struct Factors {
  at::Tensor vectors;  // [N, F, units...]
  at::Tensor signs;    // [N, F] of +1 and -1; undefined: all +1
};

/// Entries of a diagonal part of that Hessian (of a residual) that are to become factors: the factor of a unit is
/// sign(value) with the vector sqrt|value| e_unit.
struct ResidualUnits {
  at::Tensor unit;   // int64 [N, M], flat index of the unit
  at::Tensor value;  // [N, M]; 0 in the places that an image does not need
};

/// For a layer below a max pool: the output units that win their windows, one for each cell of the pool and channel.
/// All other units pass nothing on.
struct PoolWinners {
  at::Tensor position;  // int64 [N, cells, O], flat in the output's [H, W]
  at::Tensor
      multiplier;  // [N, cells, O], product of the slopes of all layers between the unit and the cell
};

/// Factors above a max pool, cell by cell, before they are spread over the windows.
struct PooledFactors {
  at::Tensor vectors;  // [N, cells, O, F]
  at::Tensor signs;    // as Factors has them
};

class GateRule;
class LinearRule;
class WeightedRule;

/// How one kind of layer passes second derivatives on to the layer below it. Weights are at their means, batch norm is
/// in eval mode, dropout is off. A rule remembers what it needs of the images that last went forward. Source:
/// docs/math.md, "Any sequential network".
class CurvatureRule {
 public:
  explicit CurvatureRule(Shape input) : input_(std::move(input)) {}
  virtual ~CurvatureRule() = default;
  /// @param x [N, input...]; differentiable. @return [N, output...]
  virtual at::Tensor forward(const at::Tensor& x) = 0;
  /// Forgets the images.
  virtual void clear() = 0;
  const Shape& input_shape() const { return input_; }
  /// This rule as one of the three kinds below, null where it is not of that kind. A weighted rule is a linear one too.
  virtual GateRule* as_gate() { return nullptr; }
  virtual LinearRule* as_linear() { return nullptr; }
  virtual WeightedRule* as_weighted() { return nullptr; }

 private:
  Shape input_;
};

/// A layer that mixes no units: each output depends on one input.
class GateRule : public CurvatureRule {
 public:
  using CurvatureRule::CurvatureRule;
  GateRule* as_gate() override { return this; }
  /// Derivative of each output by its input, [N or 1, input...] or what broadcasts to it; of a pool, 1 at the winners
  /// and 0 elsewhere. Undefined: 1 everywhere.
  virtual at::Tensor slope() const { return {}; }
  /// Second derivative, likewise. Undefined: 0 everywhere.
  virtual at::Tensor second() const { return {}; }
  /// Side of the pool's window; 1: the layer is no pool.
  virtual std::int64_t window() const { return 1; }
};

/// A layer that mixes its units linearly.
class LinearRule : public CurvatureRule {
 public:
  using CurvatureRule::CurvatureRule;
  LinearRule* as_linear() override { return this; }
  /// J^T v, with J the Jacobian of the layer. @param v  [N, F, output...] @return [N, F, input...]
  virtual at::Tensor pull(const at::Tensor& v) const = 0;
  /// Rows of the Jacobian, each times a number. @param unit  int64 [N, M], flat output units @param scale  [N, M]
  /// @return [N, M, input...]
  virtual at::Tensor rows(const at::Tensor& unit, const at::Tensor& scale) const;
  /// Makes factors of residual entries of the output and pulls them to the input.
  Factors expand(const ResidualUnits& residual) const {
    return {rows(residual.unit, residual.value.abs().sqrt()), residual.value.sign()};
  }
  /// Whether many factors are cheaper to take as they are above a max pool than spread over its windows.
  virtual bool takes_pooled() const { return false; }
  /// pull of factors that are still above a max pool. @return [N, input height, width, channels, F]
  virtual at::Tensor pull_pooled(const PooledFactors&, const PoolWinners&) const { return {}; }

 protected:
  virtual Shape output_shape() const = 0;
};

/// Adds up, over images, the diagonal of the Hessian in the weights of one layer, from the factors and residuals of the
/// Hessian in its output units.
class WeightReader {
 public:
  virtual ~WeightReader() = default;
  virtual void add_factors(const Factors& factors) = 0;
  /// add_factors for factors above a max pool; only of a rule that takes_pooled.
  virtual void add_pooled(const PooledFactors&, const PoolWinners&) {}
  /// @param delta [N, output...]
  virtual void add_residual(const at::Tensor& delta) = 0;
  /// The sum so far for the images that last went forward, [weight...]; then begins anew at 0.
  virtual at::Tensor take() = 0;
};

/// A linear layer with weights, of which the diagonal of the Hessian can be computed.
class WeightedRule : public LinearRule {
 public:
  WeightedRule(Shape input, at::Tensor weight)
      : LinearRule(std::move(input)), weight_(std::move(weight)) {}
  WeightedRule* as_weighted() override { return this; }
  /// @param factors  how many factors will come for each image
  virtual std::unique_ptr<WeightReader> reader(std::int64_t factors) const = 0;
  /// dL/dw of the images that last went forward, summed. @param g  dL by the output, [N, output...] @return [weight...]
  virtual at::Tensor gradient(const at::Tensor& g) const = 0;

  const at::Tensor& weight() const { return weight_; }
  /// Puts another tensor of the same shape in the weight's place, for derivatives by autograd.
  void set_weight(at::Tensor weight) { weight_ = std::move(weight); }

 private:
  at::Tensor weight_;
};

/// What a rule is made from: a layer, and whether softplus takes the place of a piecewise linear activation.
struct RuleSource {
  Layer& layer;
  Shape input;
  at::ScalarType type = at::kFloat;
  bool smooth = false;
  double beta = 1;  // of the softplus that smooths
};

using RuleFactory = std::unique_ptr<CurvatureRule> (*)(const RuleSource& source);

/// All rules, by kind of layer.
const Registry<RuleFactory>& curvature_rules();

/// @throws Error unsupported, naming the layer, where its kind has no rule.
void require_rule(const Layer& layer);

/// The rule of a layer. @throws Error as require_rule.
std::unique_ptr<CurvatureRule> make_rule(const RuleSource& source);

/// What the layer computes with, in the source's element type.
WeightAndBias weight_and_bias(const RuleSource& source);

}  // namespace varphase
