// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace varphase {

/// "0.2.0": of CMakeLists.txt.
std::string version();

/// The commit this was built from, with "-dirty" where the tree had changes; "unknown" outside git.
std::string git_hash();

}  // namespace varphase
