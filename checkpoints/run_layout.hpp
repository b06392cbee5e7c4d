// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>

namespace varphase {

/// Where a run keeps what: every path below its folder, docs/files.md. Nothing is looked at.
struct RunLayout {
  std::filesystem::path folder;

  // What a training writes.
  std::filesystem::path marker() const { return folder / "run.json"; }
  std::filesystem::path config() const { return folder / "config.json"; }
  std::filesystem::path environment() const { return folder / "environment.json"; }
  std::filesystem::path metrics() const { return folder / "metrics.csv"; }
  std::filesystem::path log() const { return folder / "log.txt"; }
  std::filesystem::path checkpoints() const { return folder / "checkpoints"; }
  std::filesystem::path checkpoint(std::int64_t epoch) const;
  /// What a training that was stopped within an epoch saved.
  std::filesystem::path interrupted() const { return checkpoints() / "interrupted.h5"; }

  // Of an ensemble of runs.
  std::filesystem::path members_file() const { return folder / "members.json"; }
  std::filesystem::path members() const { return folder / "members"; }
  std::filesystem::path member(std::int64_t number) const;

  // What analyses write.
  std::filesystem::path kappa() const { return folder / "kappa"; }
  std::filesystem::path transition_json() const { return folder / "transition.json"; }
  std::filesystem::path transition_csv() const { return folder / "transition.csv"; }
  std::filesystem::path sweeps() const { return folder / "sweeps"; }
  std::filesystem::path pruned() const { return folder / "pruned"; }
  std::filesystem::path evaluations() const { return folder / "evaluations"; }
  std::filesystem::path attacks() const { return folder / "attacks"; }
  std::filesystem::path exports() const { return folder / "exports"; }
  std::filesystem::path page() const { return folder / "report.html"; }

  /// The run that a file lies in a folder of (checkpoints/, pruned/), by the folder's name alone;
  /// empty where that has another name.
  static RunLayout of_file_in(const char* name, const std::filesystem::path& file);
};

}  // namespace varphase
