// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

namespace varphase {

/// Before the work: whether a verb may and can write there. @throws Error usage where there is a
/// file and `overwrite` is not given, or where a run keeps its training, io where its folder cannot
/// be made or written.
void check_output_file(const std::filesystem::path& path, bool overwrite);

/// The same for a folder into which several files are written under names that the program chooses.
void check_output_folder(const std::filesystem::path& path);

/// Creates the folder in which `path` will be written. @throws Error io.
void make_output_folder(const std::filesystem::path& path);

}  // namespace varphase
