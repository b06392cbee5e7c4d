// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/layers/layer.hpp"
#include "src/variance/prior.hpp"

namespace varphase {

/// A layer whose weights are N(mean, variance). What training, curvature and pruning ask of it.
class VarianceLayer : public Layer {
 public:
  struct Moments {
    at::Tensor mean, variance;  // of the output: [N, out...]
  };

  virtual const Parameterization& parameterization() const = 0;
  virtual const Prior& prior() const = 0;
  virtual const at::Tensor& mean() const = 0;
  virtual const at::Tensor& theta() const = 0;
  virtual at::Tensor& mutable_theta() = 0;
  virtual bool has_bias() const = 0;
  /// E b and Var b of the output for given weight means and variances (those of the layer, or
  /// masked ones), in the element type of x; no noise.
  virtual at::Tensor output_mean(const at::Tensor& x, const at::Tensor& weight_mean) const = 0;
  virtual at::Tensor output_variance(const at::Tensor& x,
                                     const at::Tensor& weight_variance) const = 0;
  Moments moments(const at::Tensor& x, const at::Tensor& weight_mean,
                  const at::Tensor& weight_variance) const {
    return {output_mean(x, weight_mean), output_variance(x, weight_variance)};
  }

  at::Tensor weight_variance() const { return parameterization().variance(mean(), theta()); }
  at::Tensor kl() const { return prior().kl(parameterization(), mean(), theta()); }

  /// Replaces effective means and variances by masked ones (pruned networks); undefined tensors:
  /// back to the layer's own.
  void override_weights(at::Tensor weight_mean, at::Tensor weight_variance) {
    pruned_mean_ = std::move(weight_mean);
    pruned_variance_ = std::move(weight_variance);
  }
  at::Tensor effective_mean() const { return pruned_mean_.defined() ? pruned_mean_ : mean(); }
  at::Tensor effective_variance() const {
    return pruned_variance_.defined() ? pruned_variance_ : weight_variance();
  }

 private:
  at::Tensor pruned_mean_;
  at::Tensor pruned_variance_;
};

}  // namespace varphase
