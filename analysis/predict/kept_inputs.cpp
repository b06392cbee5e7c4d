// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/kept_inputs.hpp"

#if VARPHASE_CUDA
#include <ATen/cuda/CUDAContext.h>
#endif

namespace varphase {
namespace {

constexpr std::int64_t kMostBytesOfCpu = 1LL << 30;
constexpr std::int64_t kShareOfGpu = 8;

std::int64_t most_bytes([[maybe_unused]] at::Device device) {
#if VARPHASE_CUDA
  if (device.is_cuda())
    return static_cast<std::int64_t>(
               at::cuda::getDeviceProperties(device.index())->totalGlobalMem) /
           kShareOfGpu;
#endif
  return kMostBytesOfCpu;
}

}  // namespace

KeptInputs::KeptInputs(const Network& network, std::size_t end, std::int64_t rows,
                       at::Device device) {
  if (end == 0 || end >= network.layers().size()) return;
  const std::int64_t bytes = element_count(network.layers()[end - 1]->output_shape()) *
                             static_cast<std::int64_t>(sizeof(float));
  if (rows <= most_bytes(device) / bytes) end_ = end;
}

at::Tensor KeptInputs::batch(std::size_t index, const std::function<at::Tensor()>& make) {
  if (index < batches_.size()) return batches_[index];
  VARPHASE_CHECK(index == batches_.size(), ErrorKind::usage, "batch {} is asked for after {}",
                 index, batches_.size());
  return batches_.emplace_back(make());
}

}  // namespace varphase
