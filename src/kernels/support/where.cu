// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/support/where.hpp"

#include "src/kernels/support/launch.cuh"

namespace varphase::cuda {

std::int64_t shared_memory() { return device_attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin); }

}  // namespace varphase::cuda
