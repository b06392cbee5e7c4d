// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "src/base/json.hpp"

namespace varphase {

/// A paragraph for each sweep of several criteria: what each of them costs at the share that the page's sweep chose (95 %
/// where none did), and whether random weights could go as well.
/// @param data  of the page (figure_data.hpp)
std::string criteria_html(const Json& data);

}  // namespace varphase
