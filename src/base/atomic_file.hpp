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
/// `fill` is given the path of a temporary file in the same folder and writes and closes it; then the file is fsynced,
/// renamed and the folder fsynced. Whatever fails, the temporary file is removed and the old file stays as it was.
/// @throws Error io, naming path and cause (a full disk says how much is free).
void write_atomically(const std::filesystem::path& path,
                      const std::function<void(const std::filesystem::path& temporary)>& fill);

/// write_atomically for a text that is in memory.
void write_text_atomically(const std::filesystem::path& path, std::string_view text);

/// Removes the temporary files that write_atomically is having filled in this process now. For a handler of a signal that
/// is about to end the process: safe in one, and of no use elsewhere, since those writes then fail.
void remove_unfinished_temporaries() noexcept;

/// The number of the process that wrote a temporary file of write_atomically, read off the file's name; none where the
/// name is not one of those.
std::optional<int> writer_of_temporary(const std::string& name);

/// Removes the temporary files that killed writers left in a folder: those whose process no longer runs, or whose
/// process number is now this process's own. Call it before this process writes there.
/// @param seconds  leave files alone that were written to within so many seconds: where processes of other machines may
///   be writing too, whose numbers mean nothing here
void remove_stale_temporaries(const std::filesystem::path& folder, double seconds = 0);

}  // namespace varphase
