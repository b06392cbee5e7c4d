// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

namespace varphase {

/// Before the work: whether a verb may and can write there. @throws Error usage where there is a
/// file and `overwrite` is not given, or where a run keeps its training, io where its folder cannot
/// be made or written.
void check_output_file(const std::filesystem::path& path, bool overwrite);

/// The same of a folder that gets files of names of its own.
void check_output_folder(const std::filesystem::path& path);

/// Before the file: its folder. @throws Error io.
void make_output_folder(const std::filesystem::path& path);

}  // namespace varphase
