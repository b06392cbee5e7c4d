// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "src/base/json.hpp"

namespace varphase {

/// What the page's figures need of an attack's file, in a schema that the page's script may rely on; null where it holds
/// no judged step.
///
///     {"file", "attack": "ifgsm, 10 samples", "judges": [{"name",
///       "step", "success", "success_low", "success_high", "entropy", "entropy_low", "entropy_high": [..]}]}
///
/// Lists hold numbers or null; those of one judge are of one length.
Json attack_data(const std::string& file, const Json& attack);

/// A row of the table of attacks for each judge: the method, the rate of success at the last step with its interval, the
/// entropy before and after, gradients an image; "" where attack_data is null.
std::string attack_rows(const std::string& file, const Json& attack);

}  // namespace varphase
