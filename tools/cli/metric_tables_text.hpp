// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "tools/app/evaluate_job.hpp"

namespace varphase {

/// Prints the tables of --metrics, one a group and other data set, with how they were made above them.
/// @param wide  whether they may be wider than 80 characters @param result  with tables
void print_metric_tables(const EvaluateResult& result, bool wide);

}  // namespace varphase
