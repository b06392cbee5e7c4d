// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "analysis/report/report.hpp"

namespace varphase {

/// Where a run comes from, as HTML: a table of its environment, and its configuration to be unfolded.
std::string provenance_html(const ReportInputs& inputs);

}  // namespace varphase
