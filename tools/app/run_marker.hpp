// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "src/base/config.hpp"

namespace varphase {

/// run.json: what makes a folder a run of this program, whatever else lies in it, and what a run
/// that has no checkpoint yet begins with. Runs of older versions have none.
struct RunMarker {
  static constexpr std::int64_t kVersion = 1;

  std::int64_t version = kVersion;
  std::string init;
  bool init_variances = true;
  bool init_pruned = false;

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("varphase_run", version, FieldInfo{.help = "version of a run's layout", .min = 1});
    visit("init", init, FieldInfo{.help = "the file whose weights the run begins with"});
    visit("init_variances", init_variances, FieldInfo{.help = "take log alpha from there too"});
    visit("init_pruned", init_pruned, FieldInfo{.help = "that file is a pruned one"});
  }
};

/// None where the folder has no such file.
/// @throws Error format where there is one that is not ours, unsupported where it is of a newer
/// version.
std::optional<RunMarker> read_run_marker(const std::filesystem::path& run);
void write_run_marker(const std::filesystem::path& run, const RunMarker& marker);

/// Whether this is a run, or an ensemble of runs: by its marker; without one by a config.json or
/// members.json that is ours to the last field, as runs of older versions have it.
bool is_run(const std::filesystem::path& folder);

}  // namespace varphase
