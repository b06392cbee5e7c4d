// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "analysis/curvature/conv_patches.hpp"

namespace varphase {

/// Reads the diagonal of a convolution's weights, of the images that the patches have as their
/// input. @param weight [O, C, k, k], for its sizes and device @param factors how many will come
/// for each image
std::unique_ptr<WeightReader> make_conv_reader(const ConvPatches& patches, const at::Tensor& weight,
                                               std::int64_t factors);

}  // namespace varphase
