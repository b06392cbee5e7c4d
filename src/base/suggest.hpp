// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace varphase {

/// The known name nearest to a mistyped one by edit distance, or "" where none is within two edits or a third of the
/// typed name's length.
std::string nearest_name(std::string_view typed, const std::vector<std::string>& known);

/// "; did you mean 'x'?" or, where no name is near, "; known: a, b, c".
std::string suggestion(std::string_view typed, const std::vector<std::string>& known);

/// What is said of a name that a table does not have: "unknown split 'tset'; did you mean 'test'?" where one is near,
/// and on a second line all that the table has.
std::string unknown_name(std::string_view what, std::string_view typed,
                         const std::vector<std::string>& known);

}  // namespace varphase
