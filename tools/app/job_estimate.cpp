// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/job_estimate.hpp"

#include <utility>

#include "src/torch/kernel_arguments.hpp"

namespace varphase {

TimeEstimate job_estimate(LongWork work, Job& job, at::Device device) {
  return {std::move(work), [&job](const std::string& text) { job.note(text); },
          [device] { synchronize(device); }};
}

}  // namespace varphase
