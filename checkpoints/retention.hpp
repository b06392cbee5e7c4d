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

/// The epochs that have a file of the name of epoch_path, ascending. Temporaries and other files
/// are passed over; nothing is opened. A folder that is missing has none.
std::vector<std::int64_t> list_epochs(const std::filesystem::path& folder);

struct NewestEpoch {
  std::optional<std::int64_t> epoch;  // none where no file could be read
  std::vector<std::string> skipped;   // why each newer file could not be read, one message each
};

/// The newest checkpoint that reads as a whole, with all values; damaged ones are skipped and said.
NewestEpoch newest_readable_epoch(const std::filesystem::path& folder);

/// Rewrites one checkpoint without /optimizer, atomically; all else stays bit for bit.
/// @return false where it had none and was not touched. @throws Error io, format.
bool drop_optimizer(const std::filesystem::path& path);

/// Drops what a killed writer had yet to drop: optimizer state of checkpoints older than the `keep`
/// newest. Looks at those just behind these alone, as long as one has some.
/// @throws Error io, format.
void finish_dropping(const std::filesystem::path& folder, std::int64_t keep);

}  // namespace varphase
