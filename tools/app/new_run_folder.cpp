// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/new_run_folder.hpp"

#include <algorithm>
#include <system_error>

#include "checkpoints/run_layout.hpp"
#include "src/base/error.hpp"
#include "src/base/json.hpp"
#include "src/base/log.hpp"
#include "tools/app/run_contents.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// Removes those that are empty. @param folders  the outermost first
void remove_folders(const std::vector<fs::path>& folders) {
  std::error_code ignored;
  for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder)
    fs::remove(*folder, ignored);
}

/// Makes a folder and what is missing above it. @return the folders made, the outermost first
std::vector<fs::path> make_folders(const fs::path& path) {
  std::vector<fs::path> missing;
  std::error_code error;
  for (fs::path folder = path; !folder.empty() && !fs::exists(folder, error);
       folder = folder.parent_path()) {
    VARPHASE_CHECK(!fs::is_symlink(folder, error), ErrorKind::io,
                   "{}: is a link to what is not there", folder.string());
    missing.push_back(folder);
    if (folder == folder.parent_path()) break;
  }
  std::reverse(missing.begin(), missing.end());
  fs::create_directories(path, error);
  if (error) remove_folders(missing);
  VARPHASE_CHECK(!error && fs::is_directory(path, error), ErrorKind::io, "{}: cannot be made: {}",
                 path.string(), error ? error.message() : std::string("a file is in its place"));
  return missing;
}

void remove_locks(const fs::path& path) {
  std::error_code ignored;
  for (const char* lock : {RunLock::kTraining, RunLock::kAnalysis})
    fs::remove(path / lock, ignored);
}

void check_place(const fs::path& path, OldRun old) {
  if (is_vacant(path)) return;
  VARPHASE_CHECK(
      old != OldRun::refuse, ErrorKind::usage,
      "{}: there is something already\n  --resume goes on with a run, --overwrite replaces it",
      path.string());
  VARPHASE_CHECK(old == OldRun::member || is_run(path), ErrorKind::usage,
                 "{}: --overwrite replaces runs alone, and this is none: it has no {}, and no "
                 "config.json of ours",
                 path.string(), RunLayout{path}.marker().filename().string());
  const std::vector<fs::path> links = linked_folders(path);
  VARPHASE_CHECK(links.empty(), ErrorKind::usage,
                 "{}: is a link, and what it leads to is not deleted\n  give another --run, or "
                 "take the link away",
                 links.front().string());
}

/// Keeps everybody from the members of an ensemble that is replaced.
std::vector<RunLock> lock_members(const fs::path& path) {
  std::vector<RunLock> locks;
  for (const fs::path& member : member_folders(path)) {
    locks.push_back(RunLock::training(member));
    locks.push_back(RunLock::replacing(member));
  }
  return locks;
}

}  // namespace

NewRunFolder::NewRunFolder(fs::path path, OldRun old) : path_(std::move(path)) {
  VARPHASE_CHECK(!path_.empty(), ErrorKind::usage, "--run: wants a folder, got nothing");
  // "a/b/" names the folder b, which is made and taken away as "a/b".
  if (!path_.has_filename()) path_ = path_.parent_path();
  check_place(path_, old);
  made_ = make_folders(path_);
  try {
    lock_ = RunLock::training(path_);
    check_place(path_, old);  // another process may have been here meanwhile
    if (!is_vacant(path_)) {
      RunLock::replacing(path_);
      lock_members(path_);
    }
  } catch (...) {
    // The lock of another process stays, even where this one believes to have made the folder.
    if (lock_ && is_vacant(path_)) remove_locks(path_);
    remove_folders(made_);
    throw;
  }
}

NewRunFolder::~NewRunFolder() {
  if (kept_) return;
  try {
    close_log_file();
    std::error_code ignored;
    // Beside somebody else's files the marker stays: the same command replaces what is a run still.
    if (begun_ && clear_run(path_).empty()) fs::remove(RunLayout{path_}.marker(), ignored);
    // What was empty is left empty; a lock that somebody waits for is noticed to be gone.
    if (is_vacant(path_)) remove_locks(path_);
    remove_folders(made_);
  } catch (const std::exception& error) {
    log_warning(error.what());
  }
}

void NewRunFolder::begin(const RunMarker& marker) {
  const RunLock no_analysis = RunLock::replacing(path_);
  const std::vector<RunLock> members = lock_members(path_);
  // Runs of older versions have no marker: killed while they go, they must still be runs.
  if (!fs::exists(RunLayout{path_}.marker())) write_run_marker(path_, RunMarker{});
  begun_ = true;
  const std::vector<fs::path> left = clear_run(path_);
  if (!left.empty())
    log_warning(
        fmt::format("{}: {} files that are not this program's stay where they are, such "
                    "as {}",
                    path_.string(), left.size(), left.front().string()));
  write_run_marker(path_, marker);
}

void NewRunFolder::begin(const RunConfig& config, const RunMarker& marker) {
  begin(marker);
  write_json_file(RunLayout{path_}.config(), to_json(config));
  std::error_code error;
  fs::create_directory(RunLayout{path_}.checkpoints(), error);
  VARPHASE_CHECK(!error, ErrorKind::io, "{}: cannot be made: {}",
                 RunLayout{path_}.checkpoints().string(), error.message());
}

}  // namespace varphase
