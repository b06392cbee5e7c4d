// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "tools/app/run_marker.hpp"
#include "tools/app/training_session.hpp"

namespace varphase {

/// Reads the images and refuses, before anything is written, a configuration that cannot train on
/// them; records in `config` where they lie and by what they are normalized.
/// @param fresh  whether nothing is trained yet
Dataset checked_dataset(RunConfig& config, const Options& options, bool fresh,
                        const std::optional<InitialWeights>& init);

/// A run that --overwrite replaces must not hold what it begins with.
void refuse_inside(const std::filesystem::path& run, const std::filesystem::path& file,
                   const std::string& flag);

/// What a run's marker keeps of the weights that it begins with, and back.
RunMarker marker_of(const std::optional<InitialWeights>& init);
/// @throws Error io where the file is gone.
std::optional<InitialWeights> initial_weights_of(const RunMarker& marker);

/// What --resume takes beside the run: images that moved, and more epochs.
/// @return whether the configuration is another now. @throws Error usage for any other flag, or
/// where the run would get shorter.
bool apply_resume_flags(RunConfig& config, const Options& options);

/// Says on stderr how to go on.
void say_resume(const std::filesystem::path& path);
/// Says that there is nothing left to train.
void say_finished(const std::filesystem::path& path, std::int64_t epochs);

/// Trains one new run to its end. @return an exit code.
int train_run(const Options& options, RunConfig config, const std::optional<InitialWeights>& init);
/// Goes on with one. @return an exit code.
int resume_run(const Options& options);

}  // namespace varphase
