// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/layers/conv_pool_block.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include "src/kernels/layers/conv_pool.hpp"
#include "src/torch/kernel_arguments.hpp"

namespace varphase {

std::optional<ConvPoolBlock> ConvPoolBlock::find(const std::vector<std::unique_ptr<Layer>>& layers,
                                                 std::size_t first, std::size_t last, Where where) {
  const auto* conv = dynamic_cast<const Conv2d*>(layers[first].get());
  if (conv == nullptr || first + 1 >= last) return std::nullopt;
  const std::optional<NormPoolBlock> tail = NormPoolBlock::find(layers, first + 1, last);
  if (!tail || tail->pool() != 2) return std::nullopt;
  const Conv2dOptions& options = conv->settings();
  const Shape& input = conv->input_shape();
  if (options.stride != 1 || options.padding != 0 ||
      !conv_pool_fits(input[0], input[1], input[2], options.out, options.kernel,
                      fast_memory(where)))
    return std::nullopt;
  return ConvPoolBlock(*conv, *tail);
}

bool ConvPoolBlock::serves(const at::Tensor& x, const Forward& how) {
  return x.scalar_type() == at::kFloat && x.dim() == 4 && !how.training &&
         !at::GradMode::is_enabled();
}

at::Tensor ConvPoolBlock::forward(const at::Tensor& x) const {
  const BatchNorm::Affine norm = tail_.norm().affine();
  const at::Tensor weight = (conv_->weight() * norm.scale.view({-1, 1, 1, 1})).contiguous();
  const at::Tensor bias =
      (conv_->bias().defined() ? norm.shift + conv_->bias() * norm.scale : norm.shift).contiguous();
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
