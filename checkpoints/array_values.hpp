// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "src/base/array.hpp"

namespace varphase {

/// Checks that a network can compute with an array: floating-point numbers are finite, running variances not negative.
/// @param what  names the array in the message
/// @throws Error numeric.
void check_array_values(const Array& array, const std::string& what);

}  // namespace varphase
