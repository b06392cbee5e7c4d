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

/// The diagonal of the Hessian in the weights of any layers of a network, over a set of images, by second-order
/// backpropagation.
struct NetworkDiagonalRequest {
  std::vector<std::size_t> layers;  // their positions in the network
  Smoothing smoothing;              // of every kink from the lowest layer on
  CurvatureMethod method = CurvatureMethod::exact;
  std::int64_t samples = 2;
  std::uint64_t seed = 1;
  bool others = false;
};

/// What a pass over all images will take, measured on a few of them.
struct DiagonalPlan {
  std::vector<std::int64_t> factors;  // per image, by layer of the request
  std::int64_t chunk = 0;             // images that are worked on at once
  std::int64_t bytes = 0;             // at most, beside the images and the maps
  std::int64_t map_bytes = 0;         // of the sums themselves
  double seconds = 0;                 // for all images
  bool repeatable = true;             // two passes over the same images gave the same bits
};

/// Measures a pass. Same errors as stream_network_diagonal.
DiagonalPlan plan_network_diagonal(Network& network, const DeviceImages& images,
                                   const NetworkDiagonalRequest& request);

/// Whether some layer behind this one has a second derivative. Where none has, the diagonals of the Hessian and of the
/// Gauss-Newton matrix are the same.
bool bends_behind(const Network& network, std::size_t layer, const Smoothing& smoothing);

/// Computes the diagonals over all images: IEEE float32, sums of chunks added in float64.
/// @param advanced  is told numbers of images as they are done
/// @param factors  where not null, is given the number of factors per image that reached each layer
/// @param partial  where not null, saves the sums now and then. A pass that it has saved before goes on from there,
///   with the same bits as in one go.
/// @return by layer of the request
/// @throws Error usage for a layer without weights, unsupported for a kind without a rule; Interrupted where `partial`
///   says stop.
std::vector<LayerDiagonal> stream_network_diagonal(
    Network& network, const DeviceImages& images, const NetworkDiagonalRequest& request,
    const std::function<void(std::int64_t images)>& advanced,
    std::vector<std::int64_t>* factors = nullptr, PartialFiles* partial = nullptr);

/// Computes some entries of the diagonal for each image by itself.
/// @param entries  by layer of the request, int64 [T], flat indices into its weight
/// @param take  is given the number of the first of a few images, and by layer their entries [images, T], float64
void stream_image_diagonals(
    Network& network, const DeviceImages& images, const NetworkDiagonalRequest& request,
    const std::vector<at::Tensor>& entries,
    const std::function<void(std::int64_t first, const std::vector<at::Tensor>& parts)>& take);

/// Estimates the seconds that stream_image_diagonals takes for all images, by doing a few.
double plan_image_diagonals(Network& network, const DeviceImages& images,
                            const NetworkDiagonalRequest& request);

/// Compares some entries of one layer's exact or Gauss-Newton diagonal, computed as stream_network_diagonal does, and
/// whole rows of the Hessian, with a float64 double backward pass through the same network, on the first `image_count`
/// images.
DiagonalProof verify_network_diagonal(Network& network, const DeviceImages& images,
                                      const NetworkDiagonalRequest& request, std::size_t layer,
                                      std::int64_t entries, std::int64_t image_count = 128);

}  // namespace varphase
