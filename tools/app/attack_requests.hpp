// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "analysis/robustness/attack_batch.hpp"
#include "tools/app/attack_job.hpp"

namespace varphase {

/// The attack that is asked for. What the images and the network know, the range of an epsilon and the classes, is
/// left to check_request. @throws Error usage naming the flag.
AttackRequest attack_of(const AttackRunsRequest& asked);
/// How its images are judged. @throws Error usage.
JudgeRequest judging_of(const AttackRunsRequest& asked);

}  // namespace varphase
