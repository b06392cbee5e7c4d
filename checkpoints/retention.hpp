// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace varphase {

/// folder/epoch_0012.h5; more digits from epoch 10,000 on.
std::filesystem::path epoch_path(const std::filesystem::path& folder, std::int64_t epoch);

/// The epochs of which a folder has a file named as epoch_path names it, ascending. Other files are passed over and
/// nothing is opened. A folder that is missing has none.
std::vector<std::int64_t> list_epochs(const std::filesystem::path& folder);

struct NewestEpoch {
  std::optional<std::int64_t> epoch;  // none where no file could be read
  std::vector<std::string> skipped;   // why each newer file could not be read, one message each
};

/// The newest checkpoint that can be read with all its values, and why each newer one cannot.
NewestEpoch newest_readable_epoch(const std::filesystem::path& folder);

/// Rewrites a checkpoint without its optimizer state, atomically; everything else stays bit for bit.
/// @return false where it had none and was not touched @throws Error io, format.
bool drop_optimizer(const std::filesystem::path& path);

/// Drops the optimizer state that a killed writer had yet to drop: that of checkpoints older than the `keep` newest.
/// Looks at one checkpoint after the other behind those, until one has no such state. @throws Error io, format.
void finish_dropping(const std::filesystem::path& folder, std::int64_t keep);

}  // namespace varphase
