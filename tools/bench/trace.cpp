// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/bench/trace.hpp"

#include <set>

#include <torch/csrc/autograd/profiler_kineto.h>

#include "src/torch/kernel_arguments.hpp"

namespace varphase {

void traced(at::Device device, const std::string& file, const std::function<void()>& work) {
  namespace profiler = torch::autograd::profiler;
  using torch::profiler::impl::ActivityType;
  const profiler::ProfilerConfig config(profiler::ProfilerState::KINETO);
  std::set<ActivityType> activities{ActivityType::CPU};
  if (device.is_cuda()) activities.insert(ActivityType::CUDA);
  profiler::prepareProfiler(config, activities);
  profiler::enableProfiler(config, activities);
  work();
  synchronize(device);
  profiler::disableProfiler()->save(file);
}

}  // namespace varphase
