// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/bench/measured.hpp"

#include <algorithm>

#include "src/base/stopwatch.hpp"
#include "src/torch/kernel_arguments.hpp"

namespace varphase {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

double seconds_of(at::Device device, const std::function<void()>& work) {
  synchronize(device);
  const Stopwatch clock;
  work();
  synchronize(device);
  return clock.seconds();
}

}  // namespace varphase
