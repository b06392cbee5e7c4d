// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <vector>

#include "src/distributed/rank_sums.hpp"

namespace varphase {

class Communicator;

/// Sums of GPUs of one machine that read and write each other's memory (src/kernels/support/rank_sum.hpp). To be called by
/// all ranks, which get the same answer.
/// @param options  of the lists: float32 or bfloat16 on this rank's GPU
/// @return null where the GPUs do not reach each other, see open_rank_memory
std::unique_ptr<RankSums> open_memory_sums(Communicator& ranks,
                                           const std::vector<std::int64_t>& lengths,
                                           const at::TensorOptions& options);

}  // namespace varphase
