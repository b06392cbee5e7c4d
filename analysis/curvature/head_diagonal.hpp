// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "analysis/curvature/curvature_chain.hpp"
#include "analysis/curvature/double_backward.hpp"
#include "src/models/head.hpp"
#include "src/torch/device_images.hpp"

namespace varphase {

/// Reads "softplus", "softplus:4", "none", or "auto": softplus where the head's activation is piecewise linear.
/// @throws Error usage.
Smoothing parse_smoothing(const std::string& text, const HeadParts& head);
/// The same without a head to look at. @param smooth_by_default  "auto" means softplus if true, none if false
Smoothing parse_smoothing(const std::string& text, bool smooth_by_default);
/// The text that parse_smoothing reads as this: "none" or "softplus:4".
std::string smoothing_text(const Smoothing& smoothing);

/// The head with its activation replaced. @throws Error unsupported for |x|, which softplus does not approximate.
HeadParts smoothed(HeadParts head, const Smoothing& smoothing);

/// Adds to `sum` [J, I] the diagonal of the Hessian of the negative log-likelihood, summed over the rows of one chunk,
/// in the weights of the head's variance layer at their means:
///
///     H_ji = sum_n a_ni^2 R_nj
///
/// The element type is that of `a`. float32 on a GPU goes through float32_product, with float32's digits, where the
/// sizes fit, the layer has no bias and `sum` is float32.
/// @param a  [N, I] input of the layer @param labels  int64 [N]
void add_head_hessian_diagonal(const HeadParts& head, const at::Tensor& a, const at::Tensor& labels,
                               at::Tensor& sum);

/// The same diagonal of one chunk as a new tensor, [J, I].
at::Tensor head_hessian_diagonal(const HeadParts& head, const at::Tensor& a,
                                 const at::Tensor& labels);

/// Some entries of the diagonal for each image by itself. @param entries  int64 [T], flat indices into [J, I] @return
/// [N, T]
at::Tensor head_hessian_entries(const HeadParts& head, const at::Tensor& a,
                                const at::Tensor& labels, const at::Tensor& entries);

/// The same diagonal over a whole set of images, chunk by chunk: takes the memory of the map and one chunk. IEEE
/// float32; the chunks' sums are added in float64 where there are more than 100,000 images.
/// @param advanced  is told numbers of images as they are done
at::Tensor stream_hessian_diagonal(Network& network, const HeadParts& head,
                                   const DeviceImages& images,
                                   const std::function<void(std::int64_t images)>& advanced);

/// Compares some entries of the closed form in float32, and whole rows of the Hessian, with a float64 double backward
/// pass through the head, on the first `image_count` images.
DiagonalProof verify_hessian_diagonal(Network& network, const HeadParts& head,
                                      const DeviceImages& images, std::int64_t entries,
                                      std::uint64_t seed, std::int64_t image_count = 512);

}  // namespace varphase
