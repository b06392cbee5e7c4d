// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "src/distributed/communicator.hpp"
#include "src/torch/device_images.hpp"

namespace varphase {

/// Parts that images are cut into wherever several ranks sum over them. They are the same for any number of ranks, and
/// are added up in their order in float64: so the sum has the same bits by two ranks as by sixteen. More ranks than
/// parts find nothing to do.
inline constexpr std::int64_t kImageParts = 16;

/// Sums over images, made by all ranks.
/// @param part  gives the sums over some images, tensors of the same shapes and types at every call
/// @return the sums over all of them, on every rank, of the type that `part` gave
std::vector<at::Tensor> shared_sums(
    Communicator& ranks, const DeviceImages& images,
    const std::function<std::vector<at::Tensor>(const DeviceImages& images)>& part);

}  // namespace varphase
