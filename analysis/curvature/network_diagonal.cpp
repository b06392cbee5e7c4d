// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/curvature/network_diagonal.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/stack.h>

#include "src/base/error.hpp"
#include "src/base/stopwatch.hpp"
#include "src/layers/activation_layer.hpp"
#include "src/torch/numerics.hpp"

namespace varphase {
namespace {

// A pass keeps each layer's input and its gates, and the factors on their way down.
constexpr std::int64_t kCudaBytes = 3LL << 30, kCpuBytes = 512LL << 20;
constexpr std::int64_t kPlanImages = 8;

struct Sizes {
  std::int64_t chunk = 1, factor_bytes = 0, bytes = 0, map_bytes = 0;
};

Sizes sizes_of(const Network& network, const DeviceImages& images, std::size_t first,
               const std::vector<std::size_t>& layers) {
  const std::int64_t budget = images.pixels.is_cuda() ? kCudaBytes : kCpuBytes;
  std::int64_t units = element_count(network.input()), largest = units;
  for (std::size_t i = first; i < network.layers().size(); ++i) {
    const std::int64_t out = element_count(network.layers()[i]->output_shape());
    units += out;
    largest = std::max(largest, out);
  }
  constexpr std::int64_t kFloat = sizeof(float);
  const std::int64_t kept = 3 * units * kFloat,
                     moving = 4 * (network.classes() - 1) * largest * kFloat;
  Sizes sizes;
  constexpr std::int64_t kMostImages = 128;  // keep a device busy; the rest is left to factors
  sizes.chunk = std::clamp<std::int64_t>(budget / 2 / (kept + moving), 1,
                                         std::min(kMostImages, images.count()));
  sizes.factor_bytes = budget / 2 - sizes.chunk * kept / 2;
  // Convolutions take workspaces of their own, and the allocator rounds up.
  sizes.bytes = budget + budget / 8;
  for (const std::size_t layer : layers) {
    for (const Parameter& parameter : network.layers()[layer]->parameters()) {
      if (parameter.tensor->dim() > 1 && parameter.role == Role::weight)
        sizes.map_bytes += parameter.tensor->numel() * static_cast<std::int64_t>(sizeof(double));
    }
  }
  return sizes;
}

std::size_t lowest(const Network& network, const std::vector<std::size_t>& layers) {
  VARPHASE_CHECK(!layers.empty(), ErrorKind::usage, "curvature of no layer was asked for");
  for (const std::size_t layer : layers) {
    VARPHASE_CHECK(network.layers()[layer]->traits().weighted(), ErrorKind::usage,
                   "{} has no weights whose curvature can be read: dense and convolutional layers "
                   "have",
                   network.layers()[layer]->name());
  }
  return *std::min_element(layers.begin(), layers.end());
}

SecondOrderRequest pass_request(const NetworkDiagonalRequest& request, std::int64_t memory) {
  return {request.layers, request.method, request.samples, request.seed, request.others, memory};
}

/// Chunks and blocks of factors are part of it: sums in another order have other bits.
PartialPass partial_pass(const CurvatureChain& chain, const DeviceImages& images,
                         const NetworkDiagonalRequest& request, const Sizes& sizes) {
  PartialPass pass;
  pass.images = images.count();
  const bool estimate = request.method == CurvatureMethod::sampled_residual;
  pass.quantities = (request.others ? 4 : 1) + (estimate ? 1 : 0);
  for (const std::size_t layer : request.layers)
    pass.shapes.push_back(chain.weighted(layer - chain.first())->weight().sizes().vec());
  pass.request = {{"layers", request.layers},
                  {"softplus", request.smoothing.softplus ? request.smoothing.beta : 0},
                  {"method", static_cast<int>(request.method)},
                  {"samples", estimate ? request.samples : 0},
                  {"seed", estimate ? request.seed : 0},
                  {"others", request.others},
                  {"images", images.count()},
                  {"chunk", sizes.chunk},
                  {"factor_bytes", sizes.factor_bytes}};
  return pass;
}

/// Input of the chain for some images, as the forward pass in front of it has it.
at::Tensor chain_input(Network& network, const DeviceImages& images, std::size_t first,
                       std::int64_t begin, std::int64_t count) {
  const at::NoGradGuard no_gradients;
  return network.forward_range(slice_batch(images, begin, count).images, Forward{}, 0, first)
      .contiguous();
}

void add_images(Network& network, const DeviceImages& images, std::size_t first, SecondOrder& pass,
                std::int64_t begin, std::int64_t count) {
  pass.add(chain_input(network, images, first, begin, count), images.labels.narrow(0, begin, count),
           images.example.narrow(0, begin, count));
}

}  // namespace

DiagonalPlan plan_network_diagonal(Network& network, const DeviceImages& images,
                                   const NetworkDiagonalRequest& request) {
  const IeeeFloat32 ieee;
  const std::size_t first = lowest(network, request.layers);
  const Sizes sizes = sizes_of(network, images, first, request.layers);
  CurvatureChain chain(network, first, request.smoothing, at::kFloat);
  const std::int64_t few = std::min(kPlanImages, images.count());
  std::vector<LayerDiagonal> before;
  DiagonalPlan plan;
  for (int repeat = 0; repeat < 3; ++repeat) {  // the first one warms up
    const std::int64_t count = repeat == 0 ? few : std::min(sizes.chunk, 4 * few);
    SecondOrder pass(chain, pass_request(request, sizes.factor_bytes));
    const Stopwatch clock;
    add_images(network, images, first, pass, 0, count);
    // Reading a number waits for the device.
    const bool finite = std::isfinite(pass.sums()[0].hessian.flatten()[0].item<double>());
    plan.seconds =
        clock.seconds() / static_cast<double>(count) * static_cast<double>(images.count());
    plan.factors = pass.factors();
    if (repeat == 2 && finite) {
      for (std::size_t i = 0; i < before.size(); ++i)
        plan.repeatable = plan.repeatable && at::equal(before[i].hessian, pass.sums()[i].hessian);
    }
    before = pass.sums();
  }
  plan.chunk = sizes.chunk;
  plan.bytes = sizes.bytes;
  plan.map_bytes = sizes.map_bytes;
  return plan;
}

bool bends_behind(const Network& network, std::size_t layer, const Smoothing& smoothing) {
  for (std::size_t i = layer + 1; i < network.layers().size(); ++i) {
    const auto phi = network.layers()[i]->traits().elementwise;
    if (phi && (!piecewise_linear(phi->activation) || smoothing.softplus)) return true;
  }
  return false;
}

std::vector<LayerDiagonal> stream_network_diagonal(
    Network& network, const DeviceImages& images, const NetworkDiagonalRequest& request,
    const std::function<void(std::int64_t)>& advanced, std::vector<std::int64_t>* factors,
    PartialFiles* partial) {
  const IeeeFloat32 ieee;
  const std::size_t first = lowest(network, request.layers);
  const Sizes sizes = sizes_of(network, images, first, request.layers);
  CurvatureChain chain(network, first, request.smoothing, at::kFloat);
  SecondOrder pass(chain, pass_request(request, sizes.factor_bytes));
  PartialSums from;
  if (partial != nullptr) {
    if (auto found =
            partial->begin(partial_pass(chain, images, request, sizes), images.labels.device())) {
      from = std::move(*found);
      pass.exchange(from.sums);
      advanced(from.next);
    }
  }
  for (std::int64_t begin = from.next; begin < images.count(); begin += sizes.chunk) {
    const std::int64_t count = std::min(sizes.chunk, images.count() - begin);
    add_images(network, images, first, pass, begin, count);
    from.factors = pass.factors();
    if (partial != nullptr) partial->keep({begin + count, pass.sums(), from.factors});
    advanced(count);
  }
  if (factors != nullptr) *factors = from.factors;
  return pass.sums();
}

void stream_image_diagonals(
    Network& network, const DeviceImages& images, const NetworkDiagonalRequest& request,
    const std::vector<at::Tensor>& entries,
    const std::function<void(std::int64_t first, const std::vector<at::Tensor>& parts)>& take) {
  const IeeeFloat32 ieee;
  constexpr std::int64_t kTogether = 16;  // that take is told of
  const std::size_t first = lowest(network, request.layers);
  const Sizes sizes = sizes_of(network, images, first, request.layers);
  NetworkDiagonalRequest alone = request;
  alone.others = false;
  CurvatureChain chain(network, first, request.smoothing, at::kFloat);
  SecondOrder pass(chain, pass_request(alone, sizes.factor_bytes));
  for (std::int64_t begin = 0; begin < images.count(); begin += kTogether) {
    const std::int64_t count = std::min(kTogether, images.count() - begin);
    std::vector<std::vector<at::Tensor>> rows(entries.size());  // by layer, by image
    for (std::int64_t n = begin; n < begin + count; ++n) {
      add_images(network, images, first, pass, n, 1);
      const std::vector<LayerDiagonal> sums = pass.exchange();
      for (std::size_t i = 0; i < entries.size(); ++i)
        rows[i].push_back(sums[i].hessian.flatten().index_select(0, entries[i]));
    }
    std::vector<at::Tensor> parts;
    parts.reserve(rows.size());
    for (const std::vector<at::Tensor>& of_layer : rows) parts.push_back(at::stack(of_layer));
    take(begin, parts);
  }
}

double plan_image_diagonals(Network& network, const DeviceImages& images,
                            const NetworkDiagonalRequest& request) {
  const at::Tensor some =
      at::arange(std::min(kPlanImages, images.count()), images.labels.options());
  const DeviceImages few = select_images(images, some);
  const std::vector<at::Tensor> entries(request.layers.size(), some.narrow(0, 0, 1));
  double seconds = 0;
  for (int repeat = 0; repeat < 2; ++repeat) {  // the first one warms up
    const Stopwatch clock;
    stream_image_diagonals(network, few, request, entries,
                           [&](std::int64_t, const std::vector<at::Tensor>& parts) {
                             parts.front().cpu();  // waits for the device
                           });
    seconds = clock.seconds();
  }
  return seconds / static_cast<double>(few.count()) * static_cast<double>(images.count());
}

DiagonalProof verify_network_diagonal(Network& network, const DeviceImages& images,
                                      const NetworkDiagonalRequest& request, std::size_t layer,
                                      std::int64_t entries, std::int64_t image_count) {
  const IeeeFloat32 ieee;
  const std::int64_t n = std::min(image_count, images.count());
  NetworkDiagonalRequest of_one = request;
  of_one.layers = {layer};
  const Sizes sizes = sizes_of(network, images, layer, of_one.layers);
  const at::Tensor x = chain_input(network, images, layer, 0, n);
  const at::Tensor labels = images.labels.narrow(0, 0, n);
  CurvatureChain chain(network, layer, request.smoothing, at::kFloat);
  SecondOrder pass(chain, pass_request(of_one, sizes.factor_bytes));
  for (std::int64_t begin = 0; begin < n; begin += sizes.chunk) {
    const std::int64_t count = std::min(sizes.chunk, n - begin);
    pass.add(x.narrow(0, begin, count), labels.narrow(0, begin, count),
             images.example.narrow(0, begin, count));
  }
  const at::Tensor got = pass.sums()[0].hessian;

  CurvatureChain wide(network, layer, request.smoothing, at::kDouble);
  const at::Tensor x_wide = x.to(at::kDouble);
  const auto nll = [&](const at::Tensor& weight) {
    wide.weighted(0)->set_weight(weight);
    return at::cross_entropy_loss(wide.forward(x_wide), labels, {}, at::Reduction::Sum);
  };
  return prove_by_double_backward(
      nll, wide.weighted(0)->weight(), got, entries,
      {request.seed, Stream::probe, static_cast<std::uint16_t>(layer), 0});
}

}  // namespace varphase
