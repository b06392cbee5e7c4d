// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/distributed/rank_memory.hpp"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "src/base/error.hpp"
#include "src/distributed/communicator.hpp"

#if VARPHASE_CUDA
#include <cuda_runtime.h>
#endif

namespace varphase {

#if VARPHASE_CUDA
namespace {

bool forbidden() {
  const char* value = std::getenv("NCCL_P2P_DISABLE");
  return value != nullptr && *value != '\0' && std::strcmp(value, "0") != 0;
}

/// The same text on all processes of a machine that was started once.
std::string machine() {
  std::string text;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> text;
  return text;
}

/// @return whether it worked; CUDA keeps no error of it
bool works(cudaError_t status) {
  if (status != cudaSuccess) static_cast<void>(cudaGetLastError());
  return status == cudaSuccess;
}

class CudaRankMemory final : public RankMemory {
 public:
  CudaRankMemory(Communicator& ranks, std::int64_t bytes) : rank_(ranks.rank()) {
    pieces_.resize(static_cast<std::size_t>(ranks.size()));
    const auto size = static_cast<std::size_t>(bytes);
    const bool own = !forbidden() && works(cudaMalloc(&piece(rank_), size)) &&
                     works(cudaMemset(piece(rank_), 0, size));
    reached_ = agree(ranks, own) && agree(ranks, map(ranks)) && agree(ranks, test(ranks));
  }
  ~CudaRankMemory() override {
    for (std::int64_t r = 0; r < std::ssize(pieces_); ++r) {
      if (piece(r) != nullptr && r != rank_) works(cudaIpcCloseMemHandle(piece(r)));
    }
    works(cudaFree(piece(rank_)));
  }

  bool reached() const { return reached_; }

 private:
  void*& piece(std::int64_t rank) { return pieces_[static_cast<std::size_t>(rank)]; }

  static bool agree(Communicator& ranks, bool own) {
    bool all = true;
    for (const std::string& one : ranks.gather_bytes(own ? "1" : "0")) all = all && one == "1";
    return all;
  }

  /// Opens the memory of the others.
  bool map(Communicator& ranks) {
    cudaIpcMemHandle_t handle{};
    const bool own = works(cudaIpcGetMemHandle(&handle, piece(ranks.rank())));
    const std::string bytes(reinterpret_cast<const char*>(&handle), sizeof(handle));
    const std::vector<std::string> all = ranks.gather_bytes(own ? bytes + machine() : "none");
    bool mapped = own;
    for (std::int64_t r = 0; r < ranks.size(); ++r) {
      if (r == ranks.rank() || !mapped) continue;
      const std::string& other = all[static_cast<std::size_t>(r)];
      if (other.size() <= sizeof(handle) || other.substr(sizeof(handle)) != machine()) return false;
      std::memcpy(&handle, other.data(), sizeof(handle));
      mapped = works(cudaIpcOpenMemHandle(&piece(r), handle, cudaIpcMemLazyEnablePeerAccess));
    }
    return mapped;
  }

  /// Writes to all, and looks at what all wrote here.
  bool test(Communicator& ranks) {
    const auto word = [](std::int64_t from) {
      return static_cast<std::uint32_t>(0x5eed0001 + from);
    };
    const auto place = [this](std::int64_t owner, std::int64_t from) {
      return static_cast<char*>(piece(owner)) + from * RankLines::kLineBytes;
    };
    bool right = true;
    for (std::int64_t r = 0; r < ranks.size(); ++r) {
      const std::uint32_t own = word(ranks.rank());
      right =
          right && works(cudaMemcpy(place(r, ranks.rank()), &own, sizeof(own), cudaMemcpyDefault));
    }
    right = works(cudaDeviceSynchronize()) && right;
    agree(ranks, right);
    for (std::int64_t r = 0; r < ranks.size(); ++r) {
      std::uint32_t seen = 0;
      right = works(cudaMemcpy(&seen, place(ranks.rank(), r), sizeof(seen), cudaMemcpyDefault)) &&
              right && seen == word(r);
      right = works(cudaMemset(place(ranks.rank(), r), 0, sizeof(seen))) && right;
    }
    return works(cudaDeviceSynchronize()) && right;
  }

  std::int64_t rank_;
  bool reached_ = false;
};

}  // namespace

std::unique_ptr<RankMemory> open_rank_memory(Communicator& ranks, std::int64_t bytes) {
  if (ranks.size() > RankLines::kMostRanks) return nullptr;
  auto memory = std::make_unique<CudaRankMemory>(ranks, bytes);
  return memory->reached() ? std::move(memory) : nullptr;
}

#else

std::unique_ptr<RankMemory> open_rank_memory(Communicator&, std::int64_t) { return nullptr; }

#endif

RankLines lines_in(const RankMemory& memory, const Communicator& ranks) {
  RankLines lines;
  lines.rank = static_cast<int>(ranks.rank());
  lines.size = static_cast<int>(ranks.size());
  lines.places = RankLines::kMostPlaces;
  for (int r = 0; r < lines.size; ++r) lines.inbox[r] = memory.of(r);
  lines.calls = reinterpret_cast<std::uint32_t*>(static_cast<char*>(memory.of(lines.rank)) +
                                                 RankLines::inbox_bytes(lines.size, lines.places));
  return lines;
}

}  // namespace varphase
