// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "src/train/train_config.hpp"

namespace varphase {

/// Several runs that one command trains: what FOLDER/members.json holds. Member i is the ordinary
/// run FOLDER/members/NN with seed + i.
struct MembersFile {
  std::filesystem::path folder;
  std::int64_t members = 0;
  RunConfig config;            // of member 0
  std::string init;            // checkpoint that all begin with, or ""
  bool init_variances = true;  // and whether log alpha is taken from there too

  /// Whether the folder has such a file.
  static bool is_in(const std::filesystem::path& folder);
  /// @throws Error io, format, usage naming the file.
  static MembersFile read(const std::filesystem::path& folder);
  void write() const;

  std::filesystem::path path(std::int64_t member) const;
  std::vector<std::filesystem::path> paths() const;
  RunConfig member_config(std::int64_t member) const;

  enum class State { absent, begun, finished };
  /// How far a member is. @throws Error format where its folder is not, or no longer, that of such
  /// a member, saying what to do.
  State state(std::int64_t member) const;
};

}  // namespace varphase
