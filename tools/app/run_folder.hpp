// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "checkpoints/run_layout.hpp"
#include "src/train/train_config.hpp"

namespace varphase {

/// A run that is there: its configuration, and which epochs it has.
class RunFolder {
 public:
  /// @throws Error io where there is no such run, with what to do.
  explicit RunFolder(std::filesystem::path path);
  /// One that another process keeps, and of which this one only knows the name.
  static RunFolder kept_elsewhere(std::filesystem::path path) {
    return RunFolder(RunLayout{std::move(path)});
  }

  const std::filesystem::path& path() const { return layout_.folder; }
  /// Where its files are.
  const RunLayout& layout() const { return layout_; }
  RunConfig config() const;
  std::filesystem::path checkpoint(std::int64_t epoch) const { return layout_.checkpoint(epoch); }
  std::vector<std::int64_t> epochs() const;
  /// "all", "last", "best" (ensemble accuracy on validation, else test), "12", "1,5,12".
  std::vector<std::int64_t> select(const std::string& which) const;

 private:
  explicit RunFolder(RunLayout layout) : layout_(std::move(layout)) {}

  RunLayout layout_;
};

/// Refuses a checkpoint that lies in a run's folder and is of another training than the run's
/// config.json says; one that lies elsewhere is taken as it is.
/// @param config  what the checkpoint holds, JSON
/// @throws Error usage as check_same_training.
void check_is_of_its_run(const std::filesystem::path& checkpoint, const std::string& config);

/// What a path names: a run folder, RUN@EPOCH, or one file in a run's checkpoints folder.
struct Target {
  RunFolder run;
  std::vector<std::int64_t> epochs;
};
Target resolve_target(const std::string& path, const std::string& epoch);

}  // namespace varphase
