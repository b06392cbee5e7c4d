// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/network_files.hpp"

#include <fmt/format.h>

#include "src/base/distinct_names.hpp"
#include "tools/app/members_file.hpp"
#include "tools/app/run_contents.hpp"
#include "tools/app/run_folder.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// Files of several runs that have one name get that of their run before it.
void tell_apart(std::vector<NetworkFile>& files) {
  std::map<std::string, std::vector<std::size_t>> by_name;
  for (std::size_t i = 0; i < files.size(); ++i) by_name[files[i].name].push_back(i);
  for (const auto& [name, same] : by_name) {
    std::vector<fs::path> folders;
    for (const std::size_t i : same)
      folders.push_back(fs::absolute(files[i].path).lexically_normal().parent_path().parent_path());
    if (std::equal(folders.begin() + 1, folders.end(), folders.begin())) continue;
    const std::vector<std::string> runs = distinct_names(folders);
    for (std::size_t i = 0; i < same.size(); ++i)
      files[same[i]].name = fmt::format("{}: {}", runs[i], name);
  }
}

}  // namespace

std::vector<NetworkFile> network_files(const std::string& argument, const std::string& epoch) {
  if (MembersFile::is_in(argument)) {
    std::vector<NetworkFile> all;
    for (const fs::path& member : MembersFile::read(argument).paths()) {
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

std::vector<NetworkFile> network_files(const std::vector<std::string>& arguments,
                                       const std::string& epoch) {
  std::vector<NetworkFile> all;
  for (const std::string& argument : arguments) {
    const std::vector<NetworkFile> found = network_files(argument, epoch);
    all.insert(all.end(), found.begin(), found.end());
  }
  tell_apart(all);
  return all;
}

std::map<fs::path, RunLock> begin_analyses(const std::vector<NetworkFile>& files) {
  std::map<fs::path, RunLock> locks;
  for (const NetworkFile& file : files) {
    const fs::path run = fs::absolute(file.path).parent_path().parent_path();
    if (!locks.contains(run)) locks.emplace(run, begin_analysis(run));
  }
  return locks;
}

}  // namespace varphase
