// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

namespace varphase {

/// Before the work: whether a verb may write there. @throws Error usage where there is a file and
/// `overwrite` is not given.
void check_output_file(const std::filesystem::path& path, bool overwrite);

/// Before the file: its folder. @throws Error io.
void make_output_folder(const std::filesystem::path& path);

}  // namespace varphase
