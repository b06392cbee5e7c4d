// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "tools/app/resume_run.hpp"
#include "tools/app/train_new_run.hpp"

namespace varphase {

/// Trains so many networks, whose seeds follow each other, into RUN/members/NN.
/// @param side_by_side  so many at once @throws Error as train.
TrainResult train_new_members(NewTraining training, std::int64_t members, std::int64_t side_by_side,
                              TrainJob& job);

/// Goes on with those that are not finished. @throws Error as train.
TrainResult resume_members(const Resumption& resumption, std::int64_t side_by_side, TrainJob& job);

}  // namespace varphase
