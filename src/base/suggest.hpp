// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace varphase {

/// The known name nearest to a mistyped one, or "" where none is near (Levenshtein distance over a
/// third of its length).
std::string nearest_name(std::string_view typed, const std::vector<std::string>& known);

/// "; did you mean 'x'?" or, where no name is near, "; known: a, b, c".
std::string suggestion(std::string_view typed, const std::vector<std::string>& known);

}  // namespace varphase
