// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <vector>

#include "tools/run_lock.hpp"

namespace varphase {

/// What lies in a run's folder, members' own runs included.
struct RunContents {
  std::vector<std::filesystem::path> ours;     // files that this program writes, by name and form
  std::vector<std::filesystem::path> foreign;  // all else that is no folder
};

/// Every file below a folder, links not followed. A file is ours where it has a name of ours at its
/// place, and, where users choose the names (pruned/, exports/, evaluations/, sweeps/, kappa/), is
/// of a form that only this program writes.
/// @throws Error io where the folder cannot be listed.
RunContents run_contents(const std::filesystem::path& run);

/// Whether nothing lies there that a training would miss: no checkpoint, nothing of another's.
bool is_vacant(const std::filesystem::path& run);

/// Deletes what is ours, and then the folders of ours that are empty; the locks stay, and so does
/// the run's own folder. @return what was left where it is, being somebody else's
/// @throws Error io.
std::vector<std::filesystem::path> clear_run(const std::filesystem::path& run);

/// Removes what killed writers left behind anywhere in a run.
/// @param training  whether the run's training lock is held: nobody else writes checkpoints then
void remove_stale_temporaries_of_run(const std::filesystem::path& run, bool training);

/// RunLock::analysis, and what earlier analyses left behind is taken away.
RunLock begin_analysis(const std::filesystem::path& run);

}  // namespace varphase
