// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/kappa/image_shares.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/argsort.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include "analysis/predict/trunk.hpp"
#include "src/base/error.hpp"
#include "src/torch/numerics.hpp"

namespace varphase {
namespace {

double value_of(const LayerKappa& layer, std::int64_t i) {
  return layer.has_variance() ? layer.kappa(i)
                              : layer.hessian_diagonal[static_cast<std::size_t>(i)];
}

/// Places of the largest |kappa|, or |curvature|; of equal ones the first.
std::vector<std::int64_t> largest_weights(const LayerKappa& layer, std::int64_t count) {
  std::vector<std::int64_t> places(static_cast<std::size_t>(layer.count()));
  std::iota(places.begin(), places.end(), 0);
  const auto middle = places.begin() + std::min(count, layer.count());
  std::partial_sort(places.begin(), middle, places.end(), [&](std::int64_t a, std::int64_t b) {
    const double x = std::abs(value_of(layer, a)), y = std::abs(value_of(layer, b));
    return x != y ? x > y : a < b;
  });
  return {places.begin(), middle};
}

/// For some weights of a layer sums over images and the images of largest magnitude.
class LargestImages {
 public:
  LargestImages(const LayerKappa& layer, const ImageShareRequest& wanted, at::Device device)
      : layer_(layer), places_(largest_weights(layer, wanted.weights)), images_(wanted.images) {
    const auto count = static_cast<std::int64_t>(places_.size());
    const at::TensorOptions options = at::TensorOptions(at::kDouble).device(device);
    entries_ = at::tensor(places_, at::kLong).to(device);
    sum_ = at::zeros({count}, options);
    magnitude_ = at::zeros({count}, options);
    squares_ = at::zeros({count}, options);
    best_ = at::empty({0, count}, options);
    best_image_ = at::empty({0, count}, options.dtype(at::kLong));
  }

  const at::Tensor& entries() const { return entries_; }

  /// @param curvature [N, weights] of the images from `first` on
  void add(const at::Tensor& curvature, std::int64_t first) {
    const at::Tensor part = curvature.to(at::kDouble);
    sum_ += part.sum(0);
    magnitude_ += part.abs().sum(0);
    squares_ += part.square().sum(0);
    const at::Tensor image =
        at::arange(first, first + part.size(0), best_image_.options()).unsqueeze(1);
    const at::Tensor values = at::cat({best_, part}),
                     numbers = at::cat({best_image_, image.expand(part.sizes())});
    const at::Tensor order = at::argsort(values.abs(), /*stable=*/true, 0, /*descending=*/true)
                                 .narrow(0, 0, std::min(images_, values.size(0)));
    best_ = values.gather(0, order);
    best_image_ = numbers.gather(0, order);
  }

  LayerImages take(const DeviceImages& images) const {
    LayerImages found{layer_.layer, layer_.shape, layer_.has_variance(), {}};
    const at::Tensor numbers = images.example.index_select(0, best_image_.flatten()).cpu(),
                     labels = images.labels.index_select(0, best_image_.flatten()).cpu(),
                     best = best_.cpu().contiguous(), sum = sum_.cpu(), squares = squares_.cpu(),
                     magnitude = magnitude_.cpu();
    const auto count = static_cast<std::int64_t>(places_.size());
    for (std::int64_t w = 0; w < count; ++w) {
      WeightImages of;
      of.weight = places_[static_cast<std::size_t>(w)];
      const double variance =
          layer_.has_variance() ? layer_.variance[static_cast<std::size_t>(of.weight)] : 1;
      const double whole = sum.const_data_ptr<double>()[w];
      of.kappa = variance * whole;
      const double square = squares.const_data_ptr<double>()[w];
      of.effective_images =
          square > 0 ? std::pow(magnitude.const_data_ptr<double>()[w], 2) / square : 0;
      for (std::int64_t k = 0; k < best.size(0); ++k) {
        const std::int64_t at = k * count + w;
        const double part = best.const_data_ptr<double>()[at];
        if (part == 0) break;
        of.images.push_back({numbers.const_data_ptr<std::int64_t>()[at],
                             labels.const_data_ptr<std::int64_t>()[at], variance * part,
                             part / whole});
      }
      found.weights.push_back(std::move(of));
    }
    return found;
  }

 private:
  const LayerKappa& layer_;
  std::vector<std::int64_t> places_;
  std::int64_t images_;
  at::Tensor entries_;                    // places_ on the device
  at::Tensor sum_, magnitude_, squares_;  // [weights]
  at::Tensor best_, best_image_;          // [images, weights]
};

const LayerKappa& layer_named(const KappaMap& map, const std::string& name) {
  for (const auto* list : {&map.layers, &map.plain_layers}) {
    for (const LayerKappa& layer : *list) {
      if (layer.layer == name) return layer;
    }
  }
  fail(ErrorKind::usage, "the map of epoch {} has no layer {}", map.epoch, name);
}

}  // namespace

std::vector<LayerImages> largest_by_image(Network& network, const DeviceImages& images,
                                          const KappaRequest& request, const KappaMap& map,
                                          const ImageShareRequest& wanted,
                                          const std::function<void(std::int64_t)>& advanced) {
  VARPHASE_CHECK(request.method != CurvatureMethod::sampled_residual, ErrorKind::usage,
                 "--by image wants --method exact or ggn: an estimate of a single image is noise");
  const KappaPlan plan(network, request);
  std::vector<LargestImages> largest;  // by part
  for (const KappaPlan::Part& part : plan.parts())
    largest.emplace_back(layer_named(map, network.layers()[part.position]->name()), wanted,
                         images.labels.device());
  for (std::size_t p = 0; p < plan.parts().size(); ++p) {
    const KappaPlan::Part& part = plan.parts()[p];
    if (!part.head) continue;
    const IeeeFloat32 ieee;
    const std::int64_t chunk = chunk_images(network, images.pixels.device());
    for (std::int64_t first = 0; first < images.count(); first += chunk) {
      const std::int64_t count = std::min(chunk, images.count() - first);
      largest[p].add(head_hessian_entries(
                         *part.head, trunk_features(network, images, part.position, first, count),
                         images.labels.narrow(0, first, count), largest[p].entries()),
                     first);
      advanced(count);
    }
  }
  for (std::size_t g = 0; g < plan.general().size(); ++g) {
    std::vector<LargestImages*> of(plan.general()[g].layers.size());
    for (std::size_t p = 0; p < plan.parts().size(); ++p) {
      const KappaPlan::Part& part = plan.parts()[p];
      if (!part.head && part.general == g) of[part.slot] = &largest[p];
    }
    std::vector<at::Tensor> entries;
    entries.reserve(of.size());
    for (const LargestImages* one : of) entries.push_back(one->entries());
    stream_image_diagonals(network, images, plan.general()[g], entries,
                           [&](std::int64_t first, const std::vector<at::Tensor>& parts) {
                             for (std::size_t slot = 0; slot < of.size(); ++slot)
                               of[slot]->add(parts[slot], first);
                             advanced(parts.front().size(0));
                           });
  }
  std::vector<LayerImages> found;
  found.reserve(largest.size());
  for (const LargestImages& one : largest) found.push_back(one.take(images));
  return found;
}

}  // namespace varphase
