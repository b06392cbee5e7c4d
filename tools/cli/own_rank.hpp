// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/distributed/world.hpp"

namespace varphase {

/// Begins a program as one of the processes that do one work: the first speaks, the others are silent from here on.
/// @param world  overwritten with which of them it is
/// @return the exit code, not kSuccess where the environment is no rank's; that was told
int begin_as_rank(World& world);

}  // namespace varphase
