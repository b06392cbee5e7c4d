// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "analysis/report/report.hpp"
#include "src/base/json.hpp"

namespace varphase {

/// What the page opens with, as HTML: a sentence, where the run comes from, the numbers that matter, each with the images
/// it was seen on. @param data  figure_data of the same inputs
std::string lede_html(const ReportInputs& inputs);
std::string facts_html(const ReportInputs& inputs);
std::string tiles_html(const ReportInputs& inputs, const Json& data);

/// What the transition's rules found, a line a finding, and what of the schedule it follows; "" without one.
std::string finding_html(const ReportInputs& inputs, const Json& data);

}  // namespace varphase
