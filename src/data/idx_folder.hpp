// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "src/data/readers.hpp"

namespace varphase {

/// Whether there are training images by one of the names in use.
bool holds_idx(const std::filesystem::path& folder);

/// The four IDX files of a folder. @throws Error io naming the file that is missing; as read_idx_images.
Dataset read_idx_folder(const std::filesystem::path& folder, const ReadOptions& options);

}  // namespace varphase
