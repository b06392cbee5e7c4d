// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

namespace varphase {

/// What a number estimated from a sample may as well be.
struct Interval {
  double low = 0, high = 0;
};

}  // namespace varphase
