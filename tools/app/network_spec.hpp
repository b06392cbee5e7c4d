// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "src/base/json.hpp"

namespace varphase {

/// A network spec of the user's own, read from a JSON file and known to make a network.
/// @throws Error io, format, usage or shape, naming the file and, where it is one, the layer.
Json read_network_spec(const std::string& path);

}  // namespace varphase
