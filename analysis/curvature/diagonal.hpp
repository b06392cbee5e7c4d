// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "analysis/curvature/curvature_chain.hpp"
#include "analysis/curvature/double_backward.hpp"
#include "src/models/head.hpp"
#include "src/torch/device_images.hpp"

namespace varphase {

/// "softplus", "softplus:4", "none", or "auto": softplus where the head's activation is piecewise
/// linear.
/// @throws Error usage.
Smoothing parse_smoothing(const std::string& text, const HeadParts& head);
/// The same where "auto" smooths or does not.
Smoothing parse_smoothing(const std::string& text, bool smooth_by_default);
std::string smoothing_text(const Smoothing& smoothing);

/// The head with its activation replaced. @throws Error unsupported for |x|, which softplus does
/// not approximate.
HeadParts smoothed(HeadParts head, const Smoothing& smoothing);

/// Adds to `sum` [J, I] the diagonal of the Hessian of the negative log-likelihood, summed over the
/// rows, in the weights of the head's variance layer at their means: H_ji = sum_n a_ni^2 R_nj. One
/// chunk; the element type is that of `a`; float32 on a GPU goes through float32_product, with
/// float32's digits, where its sizes fit, the layer has no bias and the sum is float32.
/// @param a [N, I] input of the layer; @param labels int64 [N]
void add_head_hessian_diagonal(const HeadParts& head, const at::Tensor& a, const at::Tensor& labels,
                               at::Tensor& sum);

/// The same of one chunk alone. @return [J, I]
at::Tensor head_hessian_diagonal(const HeadParts& head, const at::Tensor& a,
                                 const at::Tensor& labels);

/// Some entries of each image's own diagonal. @param entries int64 [T], flat. @return [N, T]
at::Tensor head_hessian_entries(const HeadParts& head, const at::Tensor& a,
                                const at::Tensor& labels, const at::Tensor& entries);

/// head_hessian_diagonal over a whole set, streamed: peak memory is the map and one chunk. IEEE
/// float32, chunks added in float64 beyond 100,000 images.
at::Tensor stream_hessian_diagonal(Network& network, const HeadParts& head,
                                   const DeviceImages& images,
                                   const std::function<void(std::int64_t images)>& advanced);

/// Sampled entries of the float32 closed form, and whole rows, against a float64 double backward
/// through the head, on the first `images` images.
DiagonalProof verify_hessian_diagonal(Network& network, const HeadParts& head,
                                      const DeviceImages& images, std::int64_t entries,
                                      std::uint64_t seed, std::int64_t image_count = 512);

}  // namespace varphase
