// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/check.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <signal.h>
#include <system_error>

#include "checkpoints/document_reader.hpp"
#include "checkpoints/isolated.hpp"
#include "checkpoints/sealed_file.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

CheckedFile check_temporary(const fs::path& path, int process) {
  CheckedFile checked{path, FileState::temporary, "", "", 0};
  std::error_code ignored;
  const std::uintmax_t size = fs::file_size(path, ignored);
  if (!ignored) checked.bytes = size;
  const bool alive = ::kill(process, 0) == 0 || errno == EPERM;
  checked.why =
      alive ? fmt::format("process {} may be writing it now", process)
            : fmt::format("left behind by process {}, which is gone: it can be deleted", process);
  return checked;
}

/// What the child says: 'w' and the kind, or 'd' and why.
std::string verdict_on(const SealedFile& file, const std::string& path,
                       const CheckOptions& options) {
  try {
    Document document = document_from_hdf5(file.hdf5.span(), path, /*with_values=*/true);
    const std::string kind = document.kind;
    const auto reader = options.readers.find(kind);
    if (reader != options.readers.end()) {
      reader->second(std::move(document), path);
    } else if (kind == kCheckpointKind) {
      snapshot_from_document(std::move(document), path);
    }
    return "w" + kind;
  } catch (const std::exception& error) {
    return std::string("d") + error.what();
  }
}

/// verdict_on in a child process.
std::string isolated_verdict(const SealedFile& file, const std::string& path,
                             const CheckOptions& options) {
  const Isolated child =
      run_isolated(path, options.seconds_per_file, [&] { return verdict_on(file, path, options); });
  if (!child.trouble.empty()) return "dis damaged: its reader " + child.trouble;
  return child.said.empty() ? "dcould not be parsed" : child.said;
}

FileState state_of(Seal seal) {
  switch (seal) {
    case Seal::intact:
      return FileState::whole;
    case Seal::newer:
      return FileState::newer;
    case Seal::foreign:
      return FileState::foreign;
    case Seal::broken:
      return FileState::damaged;
  }
  return FileState::damaged;
}

}  // namespace

const char* state_name(FileState state) {
  switch (state) {
    case FileState::whole:
      return "whole";
    case FileState::damaged:
      return "damaged";
    case FileState::newer:
      return "newer";
    case FileState::foreign:
      return "foreign";
    case FileState::temporary:
      return "temporary";
  }
  return "unknown";
}

CheckedFile check_file(const fs::path& path, const CheckOptions& options) {
  if (const std::optional<int> process = writer_of_temporary(path.filename().string())) {
    return check_temporary(path, *process);
  }
  const SealedFile file = open_sealed(path);
  CheckedFile checked{path, state_of(file.seal), file.why, "", file.bytes};
  if (checked.state != FileState::whole) return checked;
  const std::string verdict = isolated_verdict(file, path.string(), options);
  if (verdict.front() == 'w') {
    checked.kind = verdict.substr(1);
  } else {
    checked.state = FileState::damaged;
    checked.why = verdict.substr(1);
  }
  return checked;
}

std::vector<CheckedFile> check_path(const fs::path& path, const CheckOptions& options) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return {check_file(path, options)};
  std::vector<fs::path> found;
  fs::recursive_directory_iterator entry(path, fs::directory_options::skip_permission_denied,
                                         error);
  for (const fs::recursive_directory_iterator end; !error && entry != end; entry.increment(error)) {
    std::error_code gone;
    if (entry->is_directory(gone)) continue;
    const bool ours = entry->path().extension() == ".h5" ||
                      writer_of_temporary(entry->path().filename().string());
    if (!ours) continue;
    found.push_back(entry->path());
    VARPHASE_CHECK(found.size() <= options.max_files, ErrorKind::io,
                   "{}: more than {} files to check; give a run's folder", path.string(),
                   options.max_files);
  }
  VARPHASE_CHECK(!error, ErrorKind::io, "{}: cannot be listed: {}", path.string(), error.message());
  std::sort(found.begin(), found.end());
  std::vector<CheckedFile> checked;
  for (const fs::path& file : found) {
    try {
      checked.push_back(check_file(file, options));
    } catch (const Error& unreadable) {
      checked.push_back({file, FileState::damaged, unreadable.what(), "", 0});
    }
  }
  return checked;
}

}  // namespace varphase
