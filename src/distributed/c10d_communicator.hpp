// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "src/distributed/communicator.hpp"
#include "src/distributed/rank_watch.hpp"

namespace varphase {

/// By PyTorch's process groups: NCCL where open() names a GPU, Gloo where it names the CPU.
/// @param watch  outlives it: what it finds ends every wait
std::unique_ptr<Communicator> c10d_communicator(RankWatch& watch);

}  // namespace varphase
