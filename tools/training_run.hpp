// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
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

/// A folder without what an earlier run left there. @throws Error usage where there is something
/// and it is not to be overwritten, or is no run.
void clear_run_folder(const std::filesystem::path& path, bool overwrite);
/// clear_run_folder, then an empty run with its config.json.
void make_run_folder(const std::filesystem::path& path, const RunConfig& config, bool overwrite);
/// @throws Error usage where a file lies in the run that --overwrite would replace.
void refuse_inside(const std::filesystem::path& run, const std::filesystem::path& file,
                   const std::string& flag);

/// From then on SIGINT and SIGTERM end a training after its running step; a second one ends the
/// program the usual way.
void take_signals();
const std::atomic<bool>& stop_requested();
void say_resume(const std::filesystem::path& run);

}  // namespace varphase
