// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "src/base/json.hpp"

namespace varphase {

std::vector<std::string> preset_names();

/// A whole configuration by name: {"about", "network", "data", "train"}. @throws Error usage with
/// the known names.
Json preset(const std::string& name);

}  // namespace varphase
