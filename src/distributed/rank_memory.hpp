// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "src/kernels/support/rank_lines.hpp"

namespace varphase {

class Communicator;

/// A piece of every rank's GPU memory that all ranks read and write, by CUDA's handles between processes. It may be given
/// up once every rank has ended what it does there.
class RankMemory {
 public:
  RankMemory() = default;
  virtual ~RankMemory() = default;
  RankMemory(const RankMemory&) = delete;
  RankMemory& operator=(const RankMemory&) = delete;

  /// Where a rank's piece lies, as this process sees it; zeros at first.
  void* of(std::int64_t rank) const { return pieces_[static_cast<std::size_t>(rank)]; }

 protected:
  std::vector<void*> pieces_;
};

/// All ranks call it, each on its current GPU, and all get the same answer. What is written to another rank's memory is
/// read back there once, before it counts as reached.
/// @param bytes  of each rank, 16 for each rank at least
/// @return null where ranks are on several machines, are more than RankLines::kMostRanks, or do not reach each other; and
///   where NCCL_P2P_DISABLE says that they shall not
std::unique_ptr<RankMemory> open_rank_memory(Communicator& ranks, std::int64_t bytes);

/// Lines in a memory of RankLines::bytes.
RankLines lines_in(const RankMemory& memory, const Communicator& ranks);

}  // namespace varphase
