// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/distributed/memory_sums.hpp"

#include "src/distributed/communicator.hpp"

#if VARPHASE_CUDA
#include <ATen/ops/from_blob.h>
#include <c10/cuda/CUDAStream.h>

#include "src/distributed/rank_memory.hpp"
#include "src/distributed/side_stream.hpp"
#include "src/kernels/support/rank_sum.hpp"
#endif

namespace varphase {

#if VARPHASE_CUDA
namespace {

constexpr std::int64_t kAlignment = 256;
// Two GPUs send as much either way, and wait once less where each adds up all.
constexpr std::int64_t kMostWithoutShares = 2;

std::int64_t rounded(std::int64_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

/// What lies where in a rank's memory, in bytes from its begin.
struct Layout {
  std::int64_t flags = 0, meetings = 0, bytes = 0;
  std::vector<std::int64_t> parts, sums;

  Layout(std::int64_t ranks, const std::vector<std::int64_t>& lengths, std::int64_t element) {
    constexpr std::int64_t of_flags = RankFlags::kBlocks * sizeof(std::uint32_t);
    flags = take(ranks * of_flags);
    meetings = take(of_flags);
    for (const std::int64_t length : lengths) {
      const std::int64_t part = rounded(length * element);
      parts.push_back(take(part));
      sums.push_back(take(part / element * static_cast<std::int64_t>(sizeof(float))));
    }
  }

 private:
  std::int64_t take(std::int64_t count) {
    const std::int64_t place = bytes;
    bytes += rounded(count);
    return place;
  }
};

template <class T>
T* at_byte(const RankMemory& memory, std::int64_t rank, std::int64_t offset) {
  return reinterpret_cast<T*>(static_cast<char*>(memory.of(rank)) + offset);
}

class MemorySums final : public RankSums {
 public:
  MemorySums(std::shared_ptr<RankMemory> memory, const Communicator& ranks, Layout layout,
             std::vector<at::Tensor> own, std::vector<at::Tensor> sum)
      : RankSums(std::move(own), std::move(sum)),
        memory_(std::move(memory)),
        layout_(std::move(layout)),
        side_(this->own(0).device()),
        free_(layout_.parts.size(), true),
        done_(layout_.parts.size()) {
    flags_.rank = static_cast<int>(ranks.rank());
    flags_.size = static_cast<int>(ranks.size());
    for (int r = 0; r < flags_.size; ++r)
      flags_.of[r] = at_byte<std::uint32_t>(*memory_, r, layout_.flags);
    flags_.meetings = at_byte<std::uint32_t>(*memory_, flags_.rank, layout_.meetings);
  }

  void start(std::size_t i, const std::function<void()>& fill) override {
    const c10::OptionalStreamGuard beside(side_.after_current());
    if (!free_[i]) {
      // Others may still read this rank's part, and have not used their sum up.
      RankSum<float> nothing;
      nothing.flags = flags_;
      nothing.shared = false;
      add(nothing);
      free_.assign(free_.size(), true);
    }
    fill();
    own(i).scalar_type() == at::kFloat ? add(job<float>(i)) : add(job<Bfloat16>(i));
    free_[i] = false;
    done_[i].emplace(at::kCUDA);
    done_[i]->record(c10::cuda::getCurrentCUDAStream());
  }

  void wait(std::size_t i) override { done_[i]->block(c10::cuda::getCurrentCUDAStream()); }

 private:
  template <class T>
  RankSum<T> job(std::size_t i) const {
    RankSum<T> job;
    job.flags = flags_;
    for (int r = 0; r < flags_.size; ++r) {
      job.part[r] = at_byte<const T>(*memory_, r, layout_.parts[i]);
      job.sum[r] = at_byte<float>(*memory_, r, layout_.sums[i]);
    }
    job.count = rounded(own(i).numel() * own(i).element_size()) / own(i).element_size();
    job.shared = flags_.size > kMostWithoutShares;
    return job;
  }
  template <class T>
  static void add(const RankSum<T>& job) {
    cuda::rank_sum(job, c10::cuda::getCurrentCUDAStream().stream());
  }

  std::shared_ptr<RankMemory> memory_;
  Layout layout_;
  RankFlags flags_;
  SideStream side_;
  std::vector<bool> free_;  // whether no rank uses a list's last part and sum any more
  std::vector<std::optional<c10::Event>> done_;
};

}  // namespace

std::unique_ptr<RankSums> open_memory_sums(
    const Communicator& ranks, const std::vector<std::int64_t>& lengths,
    const at::TensorOptions& options,
    const std::function<std::shared_ptr<RankMemory>(std::int64_t bytes)>& open) {
  Layout layout(ranks.size(), lengths, static_cast<std::int64_t>(options.dtype().itemsize()));
  std::shared_ptr<RankMemory> memory = open(layout.bytes);
  if (!memory) return nullptr;
  std::vector<at::Tensor> own, sum;
  const auto list = [&](std::int64_t place, std::int64_t length, const at::TensorOptions& kind) {
    return at::from_blob(
        at_byte<char>(*memory, ranks.rank(), place), {length}, [memory](void*) {}, kind);
  };
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    own.push_back(list(layout.parts[i], lengths[i], options));
    sum.push_back(list(layout.sums[i], lengths[i], options.dtype(at::kFloat)));
  }
  return std::make_unique<MemorySums>(std::move(memory), ranks, std::move(layout), std::move(own),
                                      std::move(sum));
}

#else

std::unique_ptr<RankSums> open_memory_sums(
    const Communicator&, const std::vector<std::int64_t>&, const at::TensorOptions&,
    const std::function<std::shared_ptr<RankMemory>(std::int64_t bytes)>&) {
  return nullptr;
}

#endif

}  // namespace varphase
