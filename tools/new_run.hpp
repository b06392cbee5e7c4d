// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "src/train/train_config.hpp"

namespace varphase {

/// Leaves a folder without what an earlier run left there.
/// @throws Error usage where there is something and `overwrite` is not given, or it is no run.
void clear_run_folder(const std::filesystem::path& path, bool overwrite);

/// A cleared folder with config.json and an empty checkpoints folder. @throws Error usage (as
/// clear_run_folder), io.
void make_run_folder(const std::filesystem::path& path, const RunConfig& config, bool overwrite);

}  // namespace varphase
