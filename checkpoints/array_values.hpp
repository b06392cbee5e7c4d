// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "src/base/array.hpp"

namespace varphase {

/// What a network computes with: finite floating-point numbers (whole numbers always are), and
/// running variances that are not negative. @param what names the array in the message.
/// @throws Error numeric.
void check_array_values(const Array& array, const std::string& what);

}  // namespace varphase
