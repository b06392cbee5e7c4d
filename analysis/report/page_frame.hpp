// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <vector>

#include "analysis/report/report.hpp"

namespace varphase {

/// What the template of every page is filled with: its name, this program's version, style, Plotly.js, what a served
/// or an exported page has more, and the figures' data.
std::map<std::string, std::string> frame_values(const PageFrame& frame, const std::string& name,
                                                const Json& data);

/// What a page leaves out, one message each, as a note; "" where it leaves out nothing.
std::string problems_note(const std::vector<std::string>& problems);

}  // namespace varphase
