// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/new_run.hpp"

#include <system_error>

#include "src/base/error.hpp"
#include "src/base/json.hpp"
#include "tools/member_runs.hpp"

namespace varphase {
namespace fs = std::filesystem;

void clear_run_folder(const fs::path& path, bool overwrite) {
  if (fs::exists(path) && !fs::is_empty(path)) {
    VARPHASE_CHECK(
        overwrite, ErrorKind::usage,
        "{}: there is something already\n  --resume goes on with a run, --overwrite replaces it",
        path.string());
    VARPHASE_CHECK(fs::exists(path / "config.json") || MemberRuns::is_one(path), ErrorKind::usage,
                   "{}: --overwrite replaces runs alone, and this is none (no config.json)",
                   path.string());
    for (const char* part :
         {"members", "members.json", "checkpoints", "kappa", "sweeps", "pruned", "exports",
          "evaluations", "config.json", "metrics.csv", "log.txt", "environment.json",
          "transition.json", "transition.csv", "report.html"}) {
      fs::remove_all(path / part);
    }
  }
}

void make_run_folder(const fs::path& path, const RunConfig& config, bool overwrite) {
  clear_run_folder(path, overwrite);
  std::error_code error;
  fs::create_directories(path / "checkpoints", error);
  VARPHASE_CHECK(!error, ErrorKind::io, "{}: cannot be made: {}", path.string(), error.message());
  write_json_file(path / "config.json", to_json(config));
}

}  // namespace varphase
