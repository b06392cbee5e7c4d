// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>

namespace varphase {

/// Who may write to a run: an flock on a file in its folder, held while this lives and let go of by
/// the kernel when the process ends in whatever way. Readers need none.
///
/// A file system that takes no locks is said once in the log; the run is then unguarded.
class RunLock {
 public:
  /// For what trains, imports or replaces a run: one process at a time.
  /// @throws Error io naming the process and the host that holds it.
  static RunLock training(const std::filesystem::path& run);
  /// For what computes from a run and writes beside its checkpoints: any number of processes, but
  /// none while the run is being replaced. No lock where the folder takes no new files.
  /// @throws Error io where the run is being replaced just now.
  static RunLock analysis(const std::filesystem::path& run);
  /// For replacing a run, beside training(): no analysis may be writing to it.
  /// @throws Error io where one does.
  static RunLock replacing(const std::filesystem::path& run);

  /// Of nothing.
  static RunLock none() { return RunLock(-1); }

  RunLock(RunLock&& other) noexcept;
  RunLock& operator=(RunLock&& other) noexcept;
  ~RunLock();

  /// The lock's files in a run, by name.
  static constexpr const char* kTraining = ".training.lock";
  static constexpr const char* kAnalysis = ".analysis.lock";

 private:
  explicit RunLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_ = -1;
};

}  // namespace varphase
