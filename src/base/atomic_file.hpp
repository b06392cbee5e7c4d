// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace varphase {

/// Creates or replaces a file so that a reader sees the old one or the whole new one, never a part.
///
/// `fill` is given the path of a temporary file in the same folder and writes and closes it; then
/// the file is fsynced, renamed and the folder fsynced. Whatever fails, the temporary file is
/// removed and the old file stays as it was.
/// @throws Error io, naming path and cause (a full disk says how much is free).
void write_atomically(const std::filesystem::path& path,
                      const std::function<void(const std::filesystem::path& temporary)>& fill);

/// write_atomically for a text that is in memory.
void write_text_atomically(const std::filesystem::path& path, std::string_view text);

/// The process that wrote a temporary of write_atomically, by the file's name; none for other
/// files.
std::optional<int> writer_of_temporary(const std::string& name);

/// Removes what killed writers left behind in a folder: temporaries whose process is gone, or has
/// this one's number. To be called before this process writes there.
/// @param seconds  only those that were not written to for so long: where processes of other
///                 machines may write too, whose numbers say nothing here
void remove_stale_temporaries(const std::filesystem::path& folder, double seconds = 0);

}  // namespace varphase
