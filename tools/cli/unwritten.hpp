// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace varphase {

/// Says on stderr, behind the result, which files beside it could not be written and why.
/// @return the exit code: that of files where one is missing
int tell_unwritten(const std::vector<std::string>& problems);

}  // namespace varphase
