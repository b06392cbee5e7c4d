// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/new_run.hpp"

#include <algorithm>
#include <system_error>

#include "src/base/error.hpp"
#include "src/base/json.hpp"
#include "src/base/log.hpp"
#include "tools/run_contents.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// Makes a folder and what is missing above it. @return the folders made, the outermost first
std::vector<fs::path> make_folders(const fs::path& path) {
  std::vector<fs::path> missing;
  std::error_code error;
  for (fs::path folder = path; !folder.empty() && !fs::exists(folder, error);
       folder = folder.parent_path()) {
    missing.push_back(folder);
    if (folder == folder.parent_path()) break;
  }
  fs::create_directories(path, error);
  VARPHASE_CHECK(!error && fs::is_directory(path, error), ErrorKind::io, "{}: cannot be made: {}",
                 path.string(), error ? error.message() : std::string("a file is in its place"));
  std::reverse(missing.begin(), missing.end());
  return missing;
}

void check_place(const fs::path& path, bool overwrite) {
  if (is_vacant(path)) return;
  VARPHASE_CHECK(
      overwrite, ErrorKind::usage,
      "{}: there is something already\n  --resume goes on with a run, --overwrite replaces it",
      path.string());
  VARPHASE_CHECK(is_run(path), ErrorKind::usage,
                 "{}: --overwrite replaces runs alone, and this is none: it has no {}, and no "
                 "config.json of ours",
                 path.string(), RunMarker::kFile);
  // What a link leads to is not this run's to delete, and must not be taken for the new run's.
  for (const char* part : {"checkpoints", "members"})
    VARPHASE_CHECK(!fs::is_symlink(path / part), ErrorKind::usage,
                   "{}: is a link, and what it leads to is not deleted\n  give another --run, or "
                   "take the link away",
                   (path / part).string());
}

}  // namespace

NewRun::NewRun(fs::path path, bool overwrite) : path_(std::move(path)) {
  VARPHASE_CHECK(!path_.empty(), ErrorKind::usage, "--run: wants a folder, got nothing");
  // "a/b/" names the folder b, which is made and taken away as "a/b".
  if (!path_.has_filename()) path_ = path_.parent_path();
  check_place(path_, overwrite);
  made_ = make_folders(path_);
  try {
    lock_ = RunLock::training(path_);
    check_place(path_, overwrite);  // another process may have been here meanwhile
    if (!is_vacant(path_)) RunLock::replacing(path_);
  } catch (...) {
    for (auto folder = made_.rbegin(); folder != made_.rend(); ++folder) {
      std::error_code ignored;
      for (const char* lock : {RunLock::kTraining, RunLock::kAnalysis})
        if (*folder == path_) fs::remove(path_ / lock, ignored);
      fs::remove(*folder, ignored);
    }
    throw;
  }
}

NewRun::~NewRun() {
  if (kept_) return;
  try {
    close_log_file();
    if (begun_) clear_run(path_);
    std::error_code ignored;
    // What was empty is left empty; a lock that somebody waits for is noticed to be gone.
    if (is_vacant(path_)) {
      for (const char* lock : {RunLock::kTraining, RunLock::kAnalysis})
        fs::remove(path_ / lock, ignored);
    }
    for (auto folder = made_.rbegin(); folder != made_.rend(); ++folder)
      fs::remove(*folder, ignored);
  } catch (const std::exception& error) {
    log_warning(error.what());
  }
}

void NewRun::begin(const RunMarker& marker) {
  const RunLock no_analysis = RunLock::replacing(path_);
  begun_ = true;
  const std::vector<fs::path> left = clear_run(path_);
  if (!left.empty())
    log_warning(
        fmt::format("{}: {} files that are not this program's stay where they are, such "
                    "as {}",
                    path_.string(), left.size(), left.front().string()));
  write_run_marker(path_, marker);
}

void NewRun::begin(const RunConfig& config, const RunMarker& marker) {
  begin(marker);
  write_json_file(path_ / "config.json", to_json(config));
  std::error_code error;
  fs::create_directory(path_ / "checkpoints", error);
  VARPHASE_CHECK(!error, ErrorKind::io, "{}: cannot be made: {}", (path_ / "checkpoints").string(),
                 error.message());
}

}  // namespace varphase
