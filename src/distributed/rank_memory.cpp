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

constexpr std::int64_t kPlaces = 4096;  // channels of a batch norm

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
  explicit CudaRankMemory(Communicator& ranks) {
    const auto bytes = static_cast<std::size_t>(RankLines::inbox_bytes(ranks.size(), kPlaces));
    lines_.rank = static_cast<int>(ranks.rank());
    lines_.size = static_cast<int>(ranks.size());
    lines_.places = kPlaces;
    const std::size_t call_bytes = kPlaces * sizeof(std::uint32_t);
    void* calls = nullptr;
    const bool own = !forbidden() && works(cudaMalloc(&inbox(ranks.rank()), bytes)) &&
                     works(cudaMemset(inbox(ranks.rank()), 0, bytes)) &&
                     works(cudaMalloc(&calls, call_bytes)) &&
                     works(cudaMemset(calls, 0, call_bytes));
    lines_.calls = static_cast<std::uint32_t*>(calls);
    reached_ = agree(ranks, own) && agree(ranks, map(ranks)) && agree(ranks, test(ranks));
  }
  ~CudaRankMemory() override {
    for (std::int64_t r = 0; r < lines_.size; ++r) {
      if (inbox(r) != nullptr && r != lines_.rank) works(cudaIpcCloseMemHandle(inbox(r)));
    }
    works(cudaFree(inbox(lines_.rank)));
    works(cudaFree(lines_.calls));
  }

  bool reached() const { return reached_; }
  const RankLines& lines() const override { return lines_; }

 private:
  void*& inbox(std::int64_t rank) { return lines_.inbox[static_cast<std::size_t>(rank)]; }

  static bool agree(Communicator& ranks, bool own) {
    bool all = true;
    for (const std::string& one : ranks.gather_bytes(own ? "1" : "0")) all = all && one == "1";
    return all;
  }

  /// Opens the memory of the others.
  bool map(Communicator& ranks) {
    cudaIpcMemHandle_t handle{};
    const bool own = works(cudaIpcGetMemHandle(&handle, inbox(ranks.rank())));
    const std::string bytes(reinterpret_cast<const char*>(&handle), sizeof(handle));
    const std::vector<std::string> all = ranks.gather_bytes(own ? bytes + machine() : "none");
    bool mapped = own;
    for (std::int64_t r = 0; r < ranks.size(); ++r) {
      if (r == ranks.rank() || !mapped) continue;
      const std::string& other = all[static_cast<std::size_t>(r)];
      if (other.size() <= sizeof(handle) || other.substr(sizeof(handle)) != machine()) return false;
      std::memcpy(&handle, other.data(), sizeof(handle));
      mapped = works(cudaIpcOpenMemHandle(&inbox(r), handle, cudaIpcMemLazyEnablePeerAccess));
    }
    return mapped;
  }

  /// Writes to all, and looks at what all wrote here.
  bool test(Communicator& ranks) {
    const auto word = [](std::int64_t from) {
      return static_cast<std::uint32_t>(0x5eed0001 + from);
    };
    const auto place = [this](std::int64_t owner, std::int64_t from) {
      return static_cast<char*>(inbox(owner)) + from * RankLines::kLineBytes;
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

  RankLines lines_;
  bool reached_ = false;
};

}  // namespace

std::unique_ptr<RankMemory> open_rank_memory(Communicator& ranks) {
  if (ranks.size() > RankLines::kMostRanks) return nullptr;
  auto memory = std::make_unique<CudaRankMemory>(ranks);
  return memory->reached() ? std::move(memory) : nullptr;
}

#else

std::unique_ptr<RankMemory> open_rank_memory(Communicator&) { return nullptr; }

#endif

}  // namespace varphase
