// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/sampled_inputs.hpp"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>

#include "analysis/predict/trunk.hpp"

namespace varphase {
namespace {

// Beyond 1 GiB the layers before the noise are run again for each pass.
constexpr std::int64_t kMostKeptFeatures = (1LL << 30) / sizeof(float);

Shape shape_before(const Network& network, std::size_t last) {
  return last == 0 ? network.input() : network.layers()[last - 1]->output_shape();
}

}  // namespace

void SampledInputs::for_each_chunk(std::size_t last,
                                   const std::function<void(const at::Tensor&)>& take) {
  const at::NoGradGuard no_gradients;
  const IeeeFloat32 ieee;
  const std::size_t quiet = network_.first_noise();
  const std::int64_t n = images_.count();
  if (!tried_ && quiet > 0 && quiet < network_.layers().size() &&
      n <= kMostKeptFeatures / element_count(shape_before(network_, quiet)))
    quiet_ = all_trunk_features(network_, images_, quiet);
  tried_ = true;
  const bool kept = quiet_.defined() && last >= quiet;
  const std::int64_t chunk = chunk_images(network_, images_.pixels.device());
  Forward how{Mode::sampled,
              false,
              {seed_, Stream::reestimation, 0, static_cast<std::uint8_t>(images_.split)},
              {},
              at::zeros({1}, images_.labels.options())};
  Shape batch{0};
  for (const std::int64_t extent : shape_before(network_, quiet)) batch.push_back(extent);
  for (std::int64_t first = 0; first < n; first += chunk) {
    batch[0] = std::min(chunk, n - first);
    how.example = images_.example.narrow(0, first, batch[0]);
    const at::Tensor x = kept ? quiet_.narrow(0, first, batch[0]).reshape(batch)
                              : slice_batch(images_, first, batch[0]).images;
    take(network_.forward_range(x, how, kept ? quiet : 0, last));
  }
}

at::Tensor SampledInputs::mean_square(std::size_t position) {
  at::Tensor sum;
  for_each_chunk(position, [&](const at::Tensor& x) {
    const at::Tensor part = x.to(at::kDouble).square().sum(0);
    sum = sum.defined() ? sum + part : part;
  });
  const auto* layer = dynamic_cast<const VarianceLayer*>(network_.layers()[position].get());
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
  const auto positions = static_cast<double>(out.numel() / out.size(1));
  return torch::autograd::grad({out.sum()}, {weight})[0][0] / positions;
}

}  // namespace varphase
