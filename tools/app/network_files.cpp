// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/network_files.hpp"

#include "tools/app/member_runs.hpp"
#include "tools/app/run_folder.hpp"

namespace varphase {
namespace fs = std::filesystem;

std::vector<NetworkFile> network_files(const std::string& argument, const std::string& epoch) {
  if (MemberRuns::is_one(argument)) {
    std::vector<NetworkFile> all;
    for (const fs::path& member : MemberRuns::read(argument).paths()) {
      for (NetworkFile& file : network_files(member.string(), epoch))
        all.push_back({file.path, member.filename().string() + ", " + file.name});
    }
    return all;
  }
  if (fs::is_regular_file(argument)) return {{argument, fs::path(argument).stem().string()}};
  std::vector<NetworkFile> list;
  const Target target = resolve_target(argument, epoch.empty() ? "last" : epoch);
  for (const std::int64_t number : target.epochs)
    list.push_back({target.run.checkpoint(number), fmt::format("full, epoch {}", number)});
  return list;
}

}  // namespace varphase
