// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "tools/options.hpp"
#include "tools/training_session.hpp"

namespace varphase {

/// One run: checked, made, trained to its end or to a signal; with options.resume from where it
/// stands. @param init what a fresh run begins with @return an exit code
int train_run(const Options& options, RunConfig config, const std::optional<InitialWeights>& init);

/// All that can be wrong with the input is said before anything is written or replaced; the
/// normalization found goes into the configuration.
Dataset checked_dataset(RunConfig& config, const Options& options,
                        const std::optional<InitialWeights>& init);

/// @throws Error usage where a file lies in the run that --overwrite would replace.
void refuse_inside(const std::filesystem::path& run, const std::filesystem::path& file,
                   const std::string& flag);

void say_resume(const std::filesystem::path& run);

}  // namespace varphase
