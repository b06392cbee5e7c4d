// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace varphase {

/// 10^1.5, the paper's threshold.
inline constexpr double kDefaultKappa0 = 31.622776601683793;

/// kappa_0 as people write it: "10^1.5", "31.6" or "log:1.5" (log10).
/// @throws Error usage where it is none of these, or not positive and finite.
double parse_threshold(const std::string& text);
/// log10 of what parse_threshold reads; for "10^1.5" and "log:1.5" exactly 1.5, without rounding on the way.
double parse_log10_threshold(const std::string& text);

}  // namespace varphase
