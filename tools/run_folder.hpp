// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "src/train/train_config.hpp"

namespace varphase {

/// A run's folder: where its files are, and which epochs it has.
class RunFolder {
 public:
  /// @throws Error io where there is no such run, with what to do.
  explicit RunFolder(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  RunConfig config() const;
  std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }
  std::filesystem::path checkpoint(std::int64_t epoch) const;
  std::vector<std::int64_t> epochs() const;
  /// "all", "last", "best" (ensemble accuracy on validation, else test), "12", "1,5,12".
  std::vector<std::int64_t> select(const std::string& which) const;

 private:
  std::filesystem::path path_;
};

/// What a path names: a run folder, RUN@EPOCH, or one file in a run's checkpoints folder.
struct Target {
  RunFolder run;
  std::vector<std::int64_t> epochs;
};
Target resolve_target(const std::string& path, const std::string& epoch);

}  // namespace varphase
