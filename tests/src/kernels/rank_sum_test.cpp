// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/support/rank_sum.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "src/torch/kernel_arguments.hpp"
#include "tests/support/device.hpp"

#if VARPHASE_CUDA
namespace varphase {
namespace {

/// What some GPUs have; here all of them are this one, whose kernels run side by side and wait for each other.
template <class T>
struct Gpus {
  std::vector<at::Tensor> parts, sums, flags, meetings;

  Gpus(int size, std::int64_t count) {
    const at::TensorOptions options = at::TensorOptions().device(test_device());
    for (int r = 0; r < size; ++r) {
      parts.push_back(at::randn({count}, options).to(sizeof(T) == 4 ? at::kFloat : at::kBFloat16));
      sums.push_back(at::zeros({count}, options));
      flags.push_back(at::zeros({size, RankFlags::kBlocks}, options.dtype(at::kInt)));
      meetings.push_back(at::zeros({RankFlags::kBlocks}, options.dtype(at::kInt)));
    }
  }

  /// Of the first `count` entries.
  RankSum<T> job(int rank, std::int64_t count, bool shared) const {
    RankSum<T> job;
    job.flags.rank = rank;
    job.flags.size = static_cast<int>(parts.size());
    for (std::size_t r = 0; r < parts.size(); ++r) {
      job.flags.of[r] = static_cast<std::uint32_t*>(flags[r].mutable_data_ptr());
      job.part[r] = static_cast<const T*>(parts[r].const_data_ptr());
      job.sum[r] = sums[r].mutable_data_ptr<float>();
    }
    job.flags.meetings =
        static_cast<std::uint32_t*>(meetings[static_cast<std::size_t>(rank)].mutable_data_ptr());
    job.count = count;
    job.shared = shared;
    return job;
  }

  /// In float32, in the ranks' order.
  at::Tensor wanted() const {
    at::Tensor total = parts[0].cpu().to(at::kFloat);
    for (std::size_t r = 1; r < parts.size(); ++r) total = total + parts[r].cpu().to(at::kFloat);
    return total;
  }
};

template <class T>
void expect_sums(int size, bool shared) {
  const c10::impl::VirtualGuardImpl streams(at::kCUDA);
  std::vector<c10::Stream> stream;
  for (int r = 0; r < size; ++r) stream.push_back(streams.getStreamFromGlobalPool(test_device()));
  Gpus<T> gpus(size, 300'001 * RankSum<T>::kVector);
  for (const std::int64_t vectors : {0, 1, 31, 8192, 300'001}) {
    const std::int64_t count = vectors * RankSum<T>::kVector;
    for (int round = 0; round < 3; ++round) {
      for (const at::Tensor& part : gpus.parts) part.mul_(-1.25);
      for (const at::Tensor& sum : gpus.sums) sum.fill_(7);
      streams.synchronizeDevice(test_device().index());
      for (int r = 0; r < size; ++r) {
        const c10::StreamGuard guard(stream[static_cast<std::size_t>(r)]);
        cuda::rank_sum(gpus.job(r, count, shared), where_of(gpus.parts[0]).stream);
      }
      streams.synchronizeDevice(test_device().index());
      const at::Tensor wanted = gpus.wanted().narrow(0, 0, count);
      for (int r = 0; r < size; ++r) {
        const at::Tensor sum = gpus.sums[static_cast<std::size_t>(r)].cpu();
        EXPECT_TRUE(at::equal(sum.narrow(0, 0, count), wanted))
            << size << " ranks, " << vectors << " vectors, round " << round << ", rank " << r;
        EXPECT_TRUE(sum.narrow(0, count, sum.numel() - count).eq(7).all().template item<bool>());
      }
    }
  }
}

TEST(RankSum, KernelsThatWaitForEachOtherHaveTheSameSums) {
  if (!test_device().is_cuda()) return;  // a way of GPUs alone
  at::manual_seed(7);
  for (const int size : {2, 3, 4}) {
    for (const bool shared : {false, true}) {
      expect_sums<float>(size, shared);
      expect_sums<Bfloat16>(size, shared);
    }
  }
}

}  // namespace
}  // namespace varphase
#endif
