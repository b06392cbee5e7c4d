// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/sampled_inputs.hpp"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>

#include "analysis/predict/trunk.hpp"
#include "src/torch/numerics.hpp"

namespace varphase {

void SampledInputs::for_each_chunk(std::size_t last,
                                   const std::function<void(const at::Tensor&)>& take) {
  const at::NoGradGuard no_gradients;
  const IeeeFloat32 ieee;
  const std::int64_t n = images_.count();
  const std::int64_t chunk = chunk_images(network_, images_.pixels.device());
  const std::size_t start = last >= kept_.end() ? kept_.end() : 0;
  Forward how{Mode::sampled,
              false,
              {seed_, Stream::reestimation, 0, static_cast<std::uint8_t>(images_.split)},
              {},
              at::zeros({1}, images_.labels.options())};
  std::size_t index = 0;
  for (std::int64_t first = 0; first < n; first += chunk) {
    const std::int64_t count = std::min(chunk, n - first);
    how.example = images_.example.narrow(0, first, count);
    const auto before = [&] {
      return network_.forward_range(slice_batch(images_, first, count).images, how, 0, start);
    };
    take(network_.forward_range(start > 0 ? kept_.batch(index++, before) : before(), how, start,
                                last));
  }
}

at::Tensor SampledInputs::mean_square(std::size_t position) {
  at::Tensor sum;
  for_each_chunk(position, [&](const at::Tensor& x) {
    const at::Tensor part = x.to(at::kDouble).square().sum(0);
    sum = sum.defined() ? sum + part : part;
  });
  const VarianceLayer* layer = network_.layers()[position]->as_variance();
  VARPHASE_CHECK(layer != nullptr, ErrorKind::usage, "{} is no variance layer",
                 network_.layers()[position]->name());
  return met_by_weights(*layer, sum / static_cast<double>(images_.count()));
}

at::Tensor met_by_weights(const VarianceLayer& layer, const at::Tensor& square) {
  // The layer's output is linear in its weights: its slope, summed over positions, is the sum of
  // what a weight meets, for a layer of any geometry.
  const at::AutoGradMode gradients(true);
  const at::Tensor weight =
      at::zeros(layer.mean().sizes(), square.options()).set_requires_grad(true);
  const at::Tensor out = layer.output_mean(square.unsqueeze(0), weight);
  const std::int64_t positions = out.numel() / out.size(1);
  return torch::autograd::grad({out.sum()}, {weight})[0][0] / static_cast<double>(positions);
}

}  // namespace varphase
