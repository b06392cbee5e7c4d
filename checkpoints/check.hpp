// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "checkpoints/document.hpp"

namespace varphase {

enum class FileState {
  whole,      // trailer, digest, HDF5, schema and all values are in order
  damaged,    // was one of ours
  newer,      // whole, of a version that this program does not read
  foreign,    // never was one of ours
  temporary,  // of a writer that was killed, or is writing just now
};

/// "whole", "damaged", ...
const char* state_name(FileState state);

struct CheckedFile {
  std::filesystem::path path;
  FileState state = FileState::damaged;
  std::string why;   // empty where whole
  std::string kind;  // where whole
  std::uint64_t bytes = 0;
};

/// Reads a document of one kind as the programs that use it do. @throws what they throw.
using KindReader = std::function<void(Document document, const std::string& path)>;

struct CheckOptions {
  /// by kind; documents of other kinds are checked in their form alone
  std::map<std::string, KindReader> readers;
  double seconds_per_file = 60;  // a file that takes longer to read counts as damaged
  std::size_t max_files = 1'000'000;
};

/// Checks one file. It is read in a child process with a limit of time, so that nothing in the file can end or stop
/// this process. To be called while no other thread writes or reads such files.
/// @throws Error io where the file is missing or cannot be read.
CheckedFile check_file(const std::filesystem::path& path, const CheckOptions& options = {});

/// Checks a file, or all files of ours below a folder, ordered by path: every .h5 file and every temporary file.
/// Symbolic links to folders are not followed. A file that cannot be read is reported as damaged and the others are
/// still checked.
/// @throws Error io where `path` is missing or holds more files than max_files.
std::vector<CheckedFile> check_path(const std::filesystem::path& path,
                                    const CheckOptions& options = {});

}  // namespace varphase
