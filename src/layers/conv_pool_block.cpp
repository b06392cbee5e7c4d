// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/layers/conv_pool_block.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include "src/kernels/layers/conv_pool.hpp"
#include "src/torch/kernel_arguments.hpp"

namespace varphase {

std::optional<ConvPoolBlock> ConvPoolBlock::of(Layer& layer, const NormPoolBlock& tail,
                                               Where where) {
  const LayerTraits traits = layer.traits();
  const ConvGeometry& g = traits.geometry;
  if (traits.weights != LayerTraits::Weights::conv2d || layer.as_variance() != nullptr ||
      tail.pool() != 2 || g.stride != 1 || g.padding != 0 ||
      !conv_pool_fits(g.channels, g.height, g.width, layer.output_shape()[0], g.kernel,
                      fast_memory(where)))
    return std::nullopt;
  return ConvPoolBlock(layer, tail);
}

bool ConvPoolBlock::serves(const at::Tensor& x, const Forward& how) {
  return x.scalar_type() == at::kFloat && x.dim() == 4 && !how.training &&
         !at::GradMode::is_enabled();
}

at::Tensor ConvPoolBlock::forward(const at::Tensor& x) const {
  const BatchNorm::Affine norm = tail_.norm().affine();
  const WeightAndBias conv = weight_and_bias(*conv_);
  const at::Tensor weight = (conv.weight * norm.scale.view({-1, 1, 1, 1})).contiguous();
  const at::Tensor bias =
      (conv.bias.defined() ? norm.shift + conv.bias * norm.scale : norm.shift).contiguous();
  const at::Tensor images = x.contiguous();
  ConvPool job;
  job.x = data_of<float>(images);
  job.weight = data_of<float>(weight);
  job.bias = data_of<float>(bias);
  job.rows = x.size(0);
  job.channels = x.size(1);
  job.height = x.size(2);
  job.width = x.size(3);
  job.out_channels = weight.size(0);
  job.kernel = weight.size(2);
  job.activation = tail_.activation();
  job.beta = static_cast<float>(tail_.beta());
  at::Tensor y =
      at::empty({job.rows, job.out_channels, job.out_height(), job.out_width()}, images.options());
  job.y = data_of<float>(y);
  conv_pool(job, where_of(images));
  return y;
}

}  // namespace varphase
