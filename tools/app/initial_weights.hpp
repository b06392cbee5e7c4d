// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "src/models/network.hpp"
#include "tools/app/run_marker.hpp"

namespace varphase {

/// A file that a training begins with in place of the spec's own draws.
struct InitialWeights {
  std::filesystem::path file;
  bool variances = true;  // of a checkpoint: whether log alpha is taken too
  bool pruned = false;    // a pruned file: what it dropped stays dropped
};

/// take_weights or load_trainable of that file, in place. @return what was taken, to be told.
/// @throws Error naming the file.
std::string take_initial_weights(Network& network, const InitialWeights& from);

/// A run that is replaced must not hold what the new one begins with.
/// @param named  the file as it was asked for, for the message
/// @throws Error usage.
void refuse_inside(const std::filesystem::path& run, const std::filesystem::path& file,
                   const std::string& named);

/// What a run's marker keeps of the weights that it begins with, and back.
RunMarker marker_of(const std::optional<InitialWeights>& init);
/// @throws Error io where the file is gone.
std::optional<InitialWeights> initial_weights_of(const RunMarker& marker);

}  // namespace varphase
