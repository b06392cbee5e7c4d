// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "tools/cli/options.hpp"

namespace varphase {

/// The verbs of the engine that have no request yet, by name.
using OldVerbs = std::map<std::string, int (*)(const Options&)>;

int run_sweep(const Options& options);
int run_prune(const Options& options);

}  // namespace varphase
