// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/spinning.hpp"

#include <cstdlib>

namespace varphase {

namespace {
// Turns of the loop, about 50 us: longer than from one small operation of a training step to the
// next. OpenMP's own 300,000 take a core away from another process for milliseconds, while the
// thread that is waited for cannot run. Measured in docs/performance.md, "A busy machine".
constexpr const char* kTurns = "4000";
}  // namespace

bool limit_spinning() {
  if (std::getenv("GOMP_SPINCOUNT") != nullptr || std::getenv("OMP_WAIT_POLICY") != nullptr)
    return false;
  return ::setenv("GOMP_SPINCOUNT", kTurns, 1) == 0;
}

}  // namespace varphase
