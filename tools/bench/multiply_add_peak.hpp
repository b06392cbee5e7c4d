// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

namespace varphase {

/// Float32 operations a second (a multiply-add is two) that one core does at most under
/// instruction_set(): the best of several runs of a loop of independent multiply-adds that stay in
/// registers.
double multiply_add_peak();

}  // namespace varphase
