// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/layers/batch_norm.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include "src/layers/synced_batch_norm.hpp"

namespace varphase {

BatchNorm::BatchNorm(const Shape& input) : shape_(input) { initialize({}); }

void BatchNorm::initialize(const NoiseKey&) {
  weight_ = at::ones({shape_[0]});
  bias_ = at::zeros({shape_[0]});
  running_mean_ = at::zeros({shape_[0]});
  running_var_ = at::ones({shape_[0]});
}

at::Tensor BatchNorm::forward(const at::Tensor& x, const Forward& how) {
  if (how.training && how.ranks != nullptr)
    return synced_batch_norm(x, weight_, bias_, running_mean_, running_var_, kMomentum, kEps,
                             *how.ranks);
  return at::batch_norm(x, weight_, bias_, running_mean_, running_var_, how.training, kMomentum,
                        kEps, true);
}

BatchNorm::Affine BatchNorm::affine(const at::Tensor& mean, const at::Tensor& var) const {
  const at::Tensor scale = weight_.to(var.scalar_type()) / (var + kEps).sqrt();
  return {scale, bias_.to(var.scalar_type()) - mean * scale};
}

void BatchNorm::set_statistics(const at::Tensor& mean, const at::Tensor& var) {
  running_mean_ = mean.to(running_mean_.options());
  running_var_ = var.to(running_var_.options());
}

std::unique_ptr<Layer> make_batch_norm(const Json& options, const Shape& input) {
  VARPHASE_CHECK(options.is_null() || options.empty(), ErrorKind::usage,
                 "batch_norm: takes no options, got {}", brief(options));
  return std::make_unique<BatchNorm>(input);
}

}  // namespace varphase
