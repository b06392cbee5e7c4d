// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/sparse/trainable.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/where.h>

#include "analysis/sparse/load_unpruned.hpp"

namespace varphase {
namespace {

// Theta is at most 60 in size, where float32 rounds by 1.9e-6, and enters by its exponential.
constexpr double kRounding = 4e-6;
// Far under the 1e-16 that the square root of an output's variance is given.
constexpr double kNothing = 1e-26;

at::Tensor tensor_of(const std::vector<float>& values, const Shape& shape) {
  return tensor_from_array(make_array<float>("", shape, values));
}

/// Whether the layer has the variances that the file has, weight by weight.
void check_variances(const VarianceLayer& layer, const at::Tensor& wanted) {
  const at::Tensor own = layer.weight_variance().to(at::kDouble).flatten();
  const at::Tensor file = wanted.to(at::kDouble).flatten();
  const at::Tensor excess = (own - file).abs() - (file * kRounding + kNothing);
  const auto worst = excess.argmax().item<std::int64_t>();
  if (excess[worst].item<double>() <= 0) return;
  fail(ErrorKind::unsupported,
       "{}: parameterization '{}' cannot give its kept weights the file's variances: weight {} has "
       "{:.6g}, the nearest is {:.6g}\n  they were changed beside it, by a repair it may be: "
       "--parameterization weight or additive takes them as they are",
       layer.name(), layer.parameterization().name(), worst, file[worst].item<double>(),
       own[worst].item<double>());
}

void take_layer(VarianceLayer& layer, const PrunedLayer& pruned) {
  const EffectiveWeights weights = effective_weights(pruned);
  const at::Tensor mean = tensor_of(weights.mean, pruned.shape);
  const at::Tensor variance = tensor_of(weights.variance, pruned.shape);
  const std::vector<std::uint8_t> keep = unpack_mask(pruned.mask, pruned.count());
  const at::Tensor mask =
      tensor_from_array(make_array<std::uint8_t>("", pruned.shape, keep)).to(at::kBool);
  VARPHASE_CHECK(layer.parameterization().has_mean() || !mean.ne(0).any().item<bool>(),
                 ErrorKind::unsupported,
                 "{}: parameterization 'zero_centred' has no means, the file's weights have some",
                 pruned.layer);
  for (Parameter& parameter : layer.parameters()) {
    if (parameter.name == "mean") *parameter.tensor = mean;
  }
  layer.mutable_theta() = layer.parameterization().theta_of(mean, variance, mask, layer.theta());
  layer.set_mask(mask);
  check_variances(layer, variance);
}

}  // namespace

void load_trainable(Network& network, const SparseModel& model) {
  const at::NoGradGuard no_gradients;
  for (const PrunedLayer& pruned : model.layers) take_layer(layer_of(network, pruned), pruned);
  load_unpruned(network, model);
}

}  // namespace varphase
