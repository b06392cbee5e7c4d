// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/layers/synced_batch_norm.hpp"

#include <numeric>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <torch/csrc/autograd/custom_function.h>

#include "src/distributed/communicator.hpp"
#include "src/torch/shape.hpp"

namespace varphase {
namespace {

Shape by_channel(const at::Tensor& x) {
  Shape shape(static_cast<std::size_t>(x.dim()), 1);
  shape[1] = -1;
  return shape;
}

at::Tensor sum_by_channel(const at::Tensor& x) {
  Shape others(static_cast<std::size_t>(x.dim()));
  std::iota(others.begin(), others.end(), 0);
  others.erase(others.begin() + 1);
  return x.sum(others);
}

struct SyncedBatchNorm : torch::autograd::Function<SyncedBatchNorm> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            const at::Tensor& weight, const at::Tensor& bias,
                            at::Tensor running_mean, at::Tensor running_var, double momentum,
                            double eps, Communicator* ranks) {
    const at::Tensor wide = x.to(at::kDouble);
    const std::int64_t channels = x.size(1);
    const at::Tensor own_count =
        at::full({1}, static_cast<double>(x.numel() / channels), wide.options());
    const at::Tensor sums = at::cat({sum_by_channel(wide), sum_by_channel(wide * wide), own_count});
    ranks->all_reduce(sums);
    const at::Tensor count = sums.narrow(0, 2 * channels, 1);
    const at::Tensor mean = sums.narrow(0, 0, channels) / count;
    const at::Tensor var = (sums.narrow(0, channels, channels) / count - mean * mean).clamp_min(0);
    const at::Tensor inverse = (var + eps).rsqrt();
    running_mean.add_((mean - running_mean) * momentum);
    running_var.add_((var * count / (count - 1).clamp_min(1) - running_var) * momentum);
    context->save_for_backward({x, weight, mean, inverse, count});
    context->saved_data["ranks"] = reinterpret_cast<std::int64_t>(ranks);
    const Shape shape = by_channel(x);
    const at::Tensor y = (wide - mean.view(shape)) * (inverse * weight).view(shape) +
                         bias.to(at::kDouble).view(shape);
    return y.to(x.scalar_type());
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& upstream) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &mean = saved[2], &inverse = saved[3],
                     &count = saved[4];
    auto* ranks = reinterpret_cast<Communicator*>(context->saved_data["ranks"].toInt());
    const Shape shape = by_channel(x);
    const std::int64_t channels = x.size(1);
    const at::Tensor dy = upstream[0].to(at::kDouble);
    const at::Tensor normed = (x.to(at::kDouble) - mean.view(shape)) * inverse.view(shape);
    const at::Tensor own_bias = sum_by_channel(dy), own_weight = sum_by_channel(dy * normed);
    const at::Tensor sums = at::cat({own_bias, own_weight});
    ranks->all_reduce(sums);
    const at::Tensor all_bias = (sums.narrow(0, 0, channels) / count).view(shape);
    const at::Tensor all_weight = (sums.narrow(0, channels, channels) / count).view(shape);
    const at::Tensor dx = (dy - all_bias - normed * all_weight) * (inverse * weight).view(shape);
    const at::ScalarType type = weight.scalar_type();
    return {dx.to(x.scalar_type()), own_weight.to(type), own_bias.to(type), {}, {}, {}, {}, {}};
  }
};

}  // namespace

at::Tensor synced_batch_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                             const at::Tensor& running_mean, const at::Tensor& running_var,
                             double momentum, double eps, Communicator& ranks) {
  return SyncedBatchNorm::apply(x, weight, bias, running_mean, running_var, momentum, eps, &ranks);
}

}  // namespace varphase
