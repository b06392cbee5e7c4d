// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace varphase {

/// What tables call folders: each one's own name, and where several have one name as many folders above it as it takes
/// to tell them apart: "a", "x/b", "y/b". Paths that name one folder have one name.
std::vector<std::string> distinct_names(const std::vector<std::filesystem::path>& folders);

}  // namespace varphase
