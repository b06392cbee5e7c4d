// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <c10/core/Device.h>

#include "src/base/time_estimate.hpp"
#include "tools/app/job.hpp"

namespace varphase {

/// How long a job's work on a device will take, told by the job's notes. The job outlives it.
TimeEstimate job_estimate(LongWork work, Job& job, at::Device device);

}  // namespace varphase
