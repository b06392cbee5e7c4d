// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/bench/measured.hpp"

#include <algorithm>
#include <chrono>

#if VARPHASE_CUDA
#include <c10/cuda/CUDAFunctions.h>
#endif

namespace varphase {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

void synchronize([[maybe_unused]] at::Device device) {
#if VARPHASE_CUDA
  if (device.is_cuda()) c10::cuda::device_synchronize();
#endif
}

double seconds_of(at::Device device, const std::function<void()>& work) {
  synchronize(device);
  const auto start = std::chrono::steady_clock::now();
  work();
  synchronize(device);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace varphase
