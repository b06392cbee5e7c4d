// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "src/distributed/rank_sums.hpp"

namespace varphase {

class Communicator;
class RankMemory;

/// Sums of GPUs of one machine that read and write each other's memory (src/kernels/support/rank_sum.hpp). To be called by
/// all ranks, which get the same answer.
/// @param options  of the lists: float32 or bfloat16 on this rank's GPU
/// @param open  gives so many bytes of every rank, or null
/// @return null where `open` gave none
std::unique_ptr<RankSums> open_memory_sums(
    const Communicator& ranks, const std::vector<std::int64_t>& lengths,
    const at::TensorOptions& options,
    const std::function<std::shared_ptr<RankMemory>(std::int64_t bytes)>& open);

}  // namespace varphase
