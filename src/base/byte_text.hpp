// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace varphase {

/// Names of files, classes and layers are bytes, while JSON, HDF5, CSV and HTML hold UTF-8. This makes UTF-8 without
/// control characters of any bytes: a byte that is not UTF-8, and each byte of a control character (C0, DEL, C1),
/// becomes \xHH; a backslash becomes two. bytes_of_text reverses it.
std::string text_of_bytes(std::string_view bytes);

/// The bytes that text_of_bytes had. A backslash before anything else stays as it is: older files hold paths unescaped.
std::string bytes_of_text(std::string_view text);

/// For a terminal: as text_of_bytes, but newlines, tabs and backslashes stay.
std::string terminal_text(std::string_view text);

/// For a message, a name that came out of a file: as terminal_text, with newlines and tabs escaped too, and cut with
/// "..." after `limit` bytes.
std::string printable(std::string_view text, std::size_t limit = 200);

/// printable of a path that was found rather than typed: its name must not pass for a line of our own.
std::string shown(const std::filesystem::path& path);

}  // namespace varphase
