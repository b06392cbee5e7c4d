// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "analysis/curvature/conv_patches.hpp"

namespace varphase {

/// A reader of the Hessian's diagonal in a convolution's weights, for the images whose input the patches hold.
/// @param weight  [O, C, k, k], for its sizes and device
/// @param factors  how many factors will come for each image
std::unique_ptr<WeightReader> make_conv_reader(const ConvPatches& patches, const at::Tensor& weight,
                                               std::int64_t factors);

}  // namespace varphase
