// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace varphase {

/// The instruction sets for which the CPU kernels were compiled and which this processor has, best first: of "avx512",
/// "avx2", "baseline" (SSE4.2) on x86-64, "neon" on 64-bit ARM.
std::vector<std::string> instruction_sets();

/// The one that the kernels use: the best, unless another was chosen.
std::string instruction_set();

/// From now on all kernels use `name`; "baseline" is the last of instruction_sets() everywhere. Not to be called while
/// kernels run.
/// @throws Error usage where this processor has no such instruction set.
void choose_instruction_set(const std::string& name);

/// choose_instruction_set for what the environment variable VARPHASE_SIMD names, where it is set and not empty.
/// @throws Error usage, naming the variable.
void choose_instruction_set_by_environment();

}  // namespace varphase
