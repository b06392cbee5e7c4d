// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "analysis/curvature/double_backward.hpp"
#include "analysis/curvature/partial_sums.hpp"
#include "analysis/curvature/second_order.hpp"
#include "src/torch/device_images.hpp"

namespace varphase {

/// The diagonal of any layers of a network over a set of images, streamed by second-order
/// backpropagation.
struct NetworkDiagonalRequest {
  std::vector<std::size_t> layers;  // positions
  Smoothing smoothing;              // of every kink from the lowest layer on
  CurvatureMethod method = CurvatureMethod::exact;
  std::int64_t samples = 2;
  std::uint64_t seed = 1;
  bool others = false;
};

/// What a pass over all images will take, measured on a few of them.
struct DiagonalPlan {
  std::vector<std::int64_t> factors;  // an image, by layer
  std::int64_t chunk = 0;             // images at once
  std::int64_t bytes = 0;             // of the pass beside the images and the maps, at most
  std::int64_t map_bytes = 0;         // of the sums
  double seconds = 0;                 // for all images
  bool repeatable = true;             // two passes over the same images gave the same bits
};

DiagonalPlan plan_network_diagonal(Network& network, const DeviceImages& images,
                                   const NetworkDiagonalRequest& request);

/// Whether a layer behind this one has a second derivative: if none has, the Hessian's diagonal and
/// the Gauss-Newton matrix's are the same.
bool bends_behind(const Network& network, std::size_t layer, const Smoothing& smoothing);

/// IEEE float32; sums of chunks in float64. @return by layer of the request
/// @param factors where not null, is told how many an image reached each layer
/// @param partial where not null, keeps the sums now and then; a pass that it has goes on from
/// there, with the same bits as in one go
/// @throws Error usage for a layer without weights or a kind without a rule; Interrupted.
std::vector<LayerDiagonal> stream_network_diagonal(
    Network& network, const DeviceImages& images, const NetworkDiagonalRequest& request,
    const std::function<void(std::int64_t images)>& advanced,
    std::vector<std::int64_t>* factors = nullptr, PartialFiles* partial = nullptr);

/// The same image by image: some entries of each image's own diagonal.
/// @param entries by layer of the request, int64 [T], flat
/// @param take is told the first of some images, and by layer their entries [images, T], float64
void stream_image_diagonals(
    Network& network, const DeviceImages& images, const NetworkDiagonalRequest& request,
    const std::vector<at::Tensor>& entries,
    const std::function<void(std::int64_t first, const std::vector<at::Tensor>& parts)>& take);

/// Seconds that this takes for all images, from a few.
double plan_image_diagonals(Network& network, const DeviceImages& images,
                            const NetworkDiagonalRequest& request);

/// Sampled entries of one layer's exact or Gauss-Newton diagonal, computed as
/// stream_network_diagonal does, and whole rows, against a float64 double backward through the same
/// network, on the first `image_count` images.
DiagonalProof verify_network_diagonal(Network& network, const DeviceImages& images,
                                      const NetworkDiagonalRequest& request, std::size_t layer,
                                      std::int64_t entries, std::int64_t image_count = 128);

}  // namespace varphase
