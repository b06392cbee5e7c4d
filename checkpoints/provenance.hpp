// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace varphase {

/// What begins the names of the attributes that say of a file how it was made, in every kind.
inline constexpr std::string_view kProvenance = "provenance.";
/// What kappa and pruned files had before, which is still read.
inline constexpr std::string_view kOlderProvenance = "provenance_";

}  // namespace varphase
