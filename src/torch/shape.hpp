// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace varphase {

/// Extents of a tensor, without the batch where it is a layer's.
using Shape = std::vector<std::int64_t>;

std::int64_t element_count(const Shape& shape);
/// "[1, 28, 28]"
std::string shape_text(const Shape& shape);

}  // namespace varphase
