// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace varphase {

/// Attributes that say how a file was made begin with this, in every kind of file.
inline constexpr std::string_view kProvenance = "provenance.";
/// How they began in kappa and pruned files of older versions, which are still read.
inline constexpr std::string_view kOlderProvenance = "provenance_";

}  // namespace varphase
