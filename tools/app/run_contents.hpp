// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/app/run_lock.hpp"

namespace varphase {

/// What lies in a run's folder, members' own runs included. A run within it (pruned/tuned/) is
/// somebody else's, all of it.
struct RunContents {
  std::vector<std::filesystem::path> ours;     // files that this program writes, by name and form
  std::vector<std::filesystem::path> foreign;  // all else that is no folder
};

/// Every file below a folder, links not followed. A file is ours where it has a name of ours at its
/// place, and, where users choose the names (pruned/, exports/, evaluations/, sweeps/, kappa/), is
/// of a form that only this program writes. A link in a place of ours is ours, what it leads to is
/// not.
/// @throws Error io where the folder cannot be listed.
RunContents run_contents(const std::filesystem::path& run);

/// Whether no file of ours but those that a training writes before its first checkpoint is there.
bool is_before_first_checkpoint(const std::filesystem::path& run);

/// Whether a run's training writes a file of that name in the run's own folder.
bool is_file_of_training(const std::string& name);

/// Whether nothing lies there that a training would miss: an empty folder, or a run of ours before
/// its first checkpoint, and nothing of somebody else's.
bool is_vacant(const std::filesystem::path& run);

/// Deletes what is ours, and then the folders of ours that are empty; the run's locks, its run.json
/// and its own folder stay. What makes it a run of some configuration goes first: killed half-way,
/// it is a run that --overwrite takes and nothing else.
/// @return what was left where it is, being somebody else's
/// @throws Error io.
std::vector<std::filesystem::path> clear_run(const std::filesystem::path& run);

/// The links among the folders that a run writes to, its members' included: what they lead to must
/// neither be deleted with the run nor be taken for the next one's.
std::vector<std::filesystem::path> linked_folders(const std::filesystem::path& run);

/// The folders of an ensemble's members that are there.
std::vector<std::filesystem::path> member_folders(const std::filesystem::path& run);

/// Removes what killed writers left behind in a run's own folders.
/// @param training  whether the run's training lock is held: nobody else writes checkpoints then
void remove_stale_temporaries_of_run(const std::filesystem::path& run, bool training);

/// RunLock::analysis of a run, and what earlier analyses left behind is taken away. Nothing at all
/// where the folder is no run: a pruned file may lie anywhere.
RunLock begin_analysis(const std::filesystem::path& run);

}  // namespace varphase
