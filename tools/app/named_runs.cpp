// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/named_runs.hpp"

#include <algorithm>

#include "src/base/distinct_names.hpp"
#include "src/base/error.hpp"
#include "tools/app/members_file.hpp"
#include "tools/app/run_folder.hpp"

namespace varphase {
namespace fs = std::filesystem;

std::vector<NamedRun> named_runs(const TextList& folders) {
  VARPHASE_CHECK(!folders.empty(), ErrorKind::usage, "wants a run folder at least");
  std::vector<fs::path> paths;
  for (const std::string& folder : folders) {
    if (MembersFile::is_in(folder)) {
      const std::size_t before = paths.size();
      for (const fs::path& member : MembersFile::read(folder).paths()) {
        if (fs::exists(RunLayout{member}.config())) paths.push_back(member);
      }
      VARPHASE_CHECK(paths.size() > before, ErrorKind::io, "{}: none of its members has begun",
                     folder);
    } else {
      paths.emplace_back(folder);
    }
  }
  std::vector<fs::path> seen;
  for (const fs::path& path : paths) {
    const fs::path run = RunFolder(path).path();
    const fs::path whole = fs::weakly_canonical(run);
    VARPHASE_CHECK(std::find(seen.begin(), seen.end(), whole) == seen.end(), ErrorKind::usage,
                   "{}: is named twice", run.string());
    seen.push_back(whole);
  }
  const std::vector<std::string> names = distinct_names(paths);
  std::vector<NamedRun> runs;
  for (std::size_t i = 0; i < paths.size(); ++i) runs.push_back({paths[i], names[i]});
  return runs;
}

}  // namespace varphase
