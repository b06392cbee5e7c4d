// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "src/train/train_config.hpp"
#include "tools/app/run_lock.hpp"
#include "tools/app/run_marker.hpp"

namespace varphase {

/// What becomes of a run that is there already.
enum class OldRun { refuse, replace, member };  // member: of an ensemble of ours, whose place it is

/// A run that is being made: its folder, locked. Until keep() is called nothing of it is worth
/// anything, and it is taken away again: what fails leaves the place as it was found, for the same
/// command to be given again.
class NewRunFolder {
 public:
  /// Makes the folder where there is none, locks it, and looks at what is there. Deletes nothing.
  /// @throws Error usage where there is something that `old` does not let go of, or it is no run;
  /// io where another process writes to it or to a member of it, or it cannot be made.
  NewRunFolder(std::filesystem::path path, OldRun old);
  ~NewRunFolder();
  NewRunFolder(const NewRunFolder&) = delete;
  NewRunFolder& operator=(const NewRunFolder&) = delete;

  /// Clears what an earlier run left, then writes run.json and config.json and makes the
  /// checkpoints folder. Files of somebody else's stay, and are named in the log.
  void begin(const RunConfig& config, const RunMarker& marker);
  /// begin() for an ensemble of runs, which has a members.json of its own.
  void begin(const RunMarker& marker);
  /// From here on there is a checkpoint: what is there stays, whatever happens.
  void keep() { kept_ = true; }

 private:
  std::filesystem::path path_;
  std::vector<std::filesystem::path> made_;  // folders, the outermost first
  std::optional<RunLock> lock_;
  bool begun_ = false;
  bool kept_ = false;
};

}  // namespace varphase
