// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/layers/layer.hpp"

namespace varphase {

/// PyTorch's BatchNorm1d / BatchNorm2d over channels (eps 1e-5, momentum 0.1).
class BatchNorm final : public Layer {
 public:
  explicit BatchNorm(const Shape& input);
  std::string_view kind() const override { return "batch_norm"; }
  Shape output_shape() const override { return shape_; }
  LayerTraits traits() const override {
    LayerTraits traits;
    traits.by_channel = true;
    return traits;
  }
  BatchNorm* as_batch_norm() override { return this; }
  at::Tensor forward(const at::Tensor& x, const Forward& how) override;
  std::vector<Parameter> parameters() override {
    return {{"weight", &weight_, Role::weight, "channel"},
            {"bias", &bias_, Role::weight, "channel"}};
  }
  std::vector<Buffer> buffers() override {
    return {{"running_mean", &running_mean_, "channel"}, {"running_var", &running_var_, "channel"}};
  }
  void initialize(const NoiseKey& key) override;

  /// Eval mode as y = scale * x + shift, per channel.
  struct Affine {
    at::Tensor scale, shift;
  };
  Affine affine() const { return affine(running_mean_, running_var_); }
  /// The same with other statistics, in their element type.
  Affine affine(const at::Tensor& mean, const at::Tensor& var) const;
  void set_statistics(const at::Tensor& mean, const at::Tensor& var);

  const at::Tensor& weight() const { return weight_; }
  const at::Tensor& bias() const { return bias_; }
  const at::Tensor& running_mean() const { return running_mean_; }
  const at::Tensor& running_var() const { return running_var_; }

  static constexpr double kEps = 1e-5;
  static constexpr double kMomentum = 0.1;

 private:
  Shape shape_;
  at::Tensor weight_, bias_, running_mean_, running_var_;  // [channels]
};

}  // namespace varphase
