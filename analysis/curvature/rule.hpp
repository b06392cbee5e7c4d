// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include <ATen/core/Tensor.h>

#include "src/base/registry.hpp"
#include "src/layers/layer.hpp"

namespace varphase {

/// Part of a Hessian in a layer's units, for each image n: sum_f sign[n,f] vector[n,f]
/// vector[n,f]^T.
struct Factors {
  at::Tensor vectors;  // [N, F, units...]
  at::Tensor signs;    // [N, F] of +1 and -1; undefined: all +1
};

/// Units of a layer whose residual is expanded into factors: sign(value) sqrt|value| e_unit.
struct ResidualUnits {
  at::Tensor unit;   // int64 [N, M], flat
  at::Tensor value;  // [N, M]; 0 beyond an image's last unit
};

/// The output units of a layer below a max pool that win their windows, one for each cell of the
/// pool: all others pass nothing on.
struct PoolWinners {
  at::Tensor position;    // int64 [N, cells, O], flat in the output's [H, W]
  at::Tensor multiplier;  // [N, cells, O], of the whole run of layers that mix nothing
};

/// Factors as they are above the pool, cell by cell.
struct PooledFactors {
  at::Tensor vectors;  // [N, cells, O, F]
  at::Tensor signs;    // as Factors has them
};

class GateRule;
class LinearRule;
class WeightedRule;

/// How one layer passes second derivatives on, at the means of its weights, batch norm in eval mode
/// and dropout off. A rule remembers what it needs of the images that last went forward.
/// Source: docs/math.md, "Any sequential network".
class CurvatureRule {
 public:
  explicit CurvatureRule(Shape input) : input_(std::move(input)) {}
  virtual ~CurvatureRule() = default;
  /// @param x [N, input...]; differentiable. @return [N, output...]
  virtual at::Tensor forward(const at::Tensor& x) = 0;
  /// Forgets the images.
  virtual void clear() = 0;
  const Shape& input_shape() const { return input_; }
  /// Which of the three below it is; null for the others. A weighted rule is a linear one too.
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
  /// Derivative by that input, [N or 1, input...] or what broadcasts to it; of a pool, 1 at the
  /// winners. Undefined: 1.
  virtual at::Tensor slope() const { return {}; }
  /// Second derivative. Undefined: none.
  virtual at::Tensor second() const { return {}; }
  /// Side of the window whose one winner is passed on.
  virtual std::int64_t window() const { return 1; }
};

/// A layer that mixes its units linearly.
class LinearRule : public CurvatureRule {
 public:
  using CurvatureRule::CurvatureRule;
  LinearRule* as_linear() override { return this; }
  /// J^T v. @param v [N, F, output...] @return [N, F, input...]
  virtual at::Tensor pull(const at::Tensor& v) const = 0;
  /// Rows of the Jacobian, each times a number. @param unit int64 [N, M], flat output units;
  /// @param scale [N, M] @return [N, M, input...]
  virtual at::Tensor rows(const at::Tensor& unit, const at::Tensor& scale) const;
  /// pull of the factors of a residual.
  Factors expand(const ResidualUnits& residual) const {
    return {rows(residual.unit, residual.value.abs().sqrt()), residual.value.sign()};
  }
  /// Whether many vectors had better come as they are above a max pool.
  virtual bool takes_pooled() const { return false; }
  /// J^T v of such. @return [N, input height, width, channels, F]
  virtual at::Tensor pull_pooled(const PooledFactors&, const PoolWinners&) const { return {}; }

 protected:
  virtual Shape output_shape() const = 0;
};

/// Sums over images, for one layer with weights, of what factors and residuals of its output's
/// Hessian give to the diagonal of the Hessian in the weights.
class WeightReader {
 public:
  virtual ~WeightReader() = default;
  virtual void add_factors(const Factors& factors) = 0;
  /// The same of factors above a max pool. Only of a rule that takes_pooled.
  virtual void add_pooled(const PooledFactors&, const PoolWinners&) {}
  /// @param delta [N, output...]
  virtual void add_residual(const at::Tensor& delta) = 0;
  /// What is still held back of the images that last went forward. @return [weight...], and 0 again
  virtual at::Tensor take() = 0;
};

/// A linear layer whose weights' diagonal can be read.
class WeightedRule : public LinearRule {
 public:
  WeightedRule(Shape input, at::Tensor weight)
      : LinearRule(std::move(input)), weight_(std::move(weight)) {}
  WeightedRule* as_weighted() override { return this; }
  /// @param factors how many will come for each image.
  virtual std::unique_ptr<WeightReader> reader(std::int64_t factors) const = 0;
  /// dL/dw of the images that last went forward. @param g [N, output...] @return [weight...]
  virtual at::Tensor gradient(const at::Tensor& g) const = 0;

  const at::Tensor& weight() const { return weight_; }
  /// Another tensor of the same shape, for derivatives by autograd.
  void set_weight(at::Tensor weight) { weight_ = std::move(weight); }

 private:
  at::Tensor weight_;
};

/// What a rule is made from: the layer, and which activation it takes in place of a piecewise
/// linear one.
struct RuleSource {
  Layer& layer;
  Shape input;
  at::ScalarType type = at::kFloat;
  bool smooth = false;
  double beta = 1;  // of the softplus that smooths
};

using RuleFactory = std::unique_ptr<CurvatureRule> (*)(const RuleSource& source);

/// All rules by kind of layer.
const Registry<RuleFactory>& curvature_rules();

/// @throws Error unsupported, naming the layer, where its kind has no rule.
void require_rule(const Layer& layer);

/// The rule of a layer. @throws Error as require_rule.
std::unique_ptr<CurvatureRule> make_rule(const RuleSource& source);

/// What the layer computes with, in the source's element type.
WeightAndBias weight_and_bias(const RuleSource& source);

}  // namespace varphase
