// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace varphase {

/// What to say of a first word that is no verb; "" where it is one, a flag, or missing.
std::string unknown_verb(const CLI::App& app, int argc, char** argv);

/// What to say of what a verb did not expect: the flag that was meant, or the verb that has it.
std::string unexpected_words(const CLI::App& app);

}  // namespace varphase
