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

/// What the transition's rules found, a line a finding; "" without one.
std::string finding_html(const ReportInputs& inputs);
/// When the schedule let the KL term in: what a sign in these epochs follows. "" where it was always in.
std::string schedule_text(const Json& data);

}  // namespace varphase
