// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "src/kernels/support/rank_lines.hpp"

namespace varphase {

class Communicator;

/// A piece of every rank's GPU memory that all ranks write to, by CUDA's handles between processes.
class RankMemory {
 public:
  RankMemory() = default;
  virtual ~RankMemory() = default;
  RankMemory(const RankMemory&) = delete;
  RankMemory& operator=(const RankMemory&) = delete;

  virtual const RankLines& lines() const = 0;
};

/// All ranks call it, each on its current GPU, and all get the same answer. What is written to another rank's memory is
/// read back there once, before it counts as reached.
/// @return null where ranks are on several machines, are more than RankLines::kMostRanks, or do not reach each other; and
///   where NCCL_P2P_DISABLE says that they shall not
std::unique_ptr<RankMemory> open_rank_memory(Communicator& ranks);

}  // namespace varphase
