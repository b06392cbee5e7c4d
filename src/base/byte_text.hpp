// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace varphase {

/// Names of files, classes and layers are bytes; JSON, HDF5, CSV and HTML hold UTF-8. The text of
/// bytes is UTF-8 without control characters: a byte that is no UTF-8 and each byte of a control
/// character (C0, DEL, C1) becomes \xHH, a backslash becomes two. bytes_of_text reverses it.
std::string text_of_bytes(std::string_view bytes);

/// The bytes that text_of_bytes had. A backslash before anything else stays as it is: older files
/// hold paths unescaped.
std::string bytes_of_text(std::string_view text);

/// For a terminal: as text_of_bytes, but newlines, tabs and backslashes stay.
std::string terminal_text(std::string_view text);

/// A name out of a file, for a message: as terminal_text, newlines and tabs escaped too; over
/// `limit` bytes it ends in "...".
std::string printable(std::string_view text, std::size_t limit = 200);

/// printable of a path: one that was found, not typed, must not look like a line of ours.
std::string shown(const std::filesystem::path& path);

}  // namespace varphase
