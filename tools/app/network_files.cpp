// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/network_files.hpp"

#include "tools/app/members_file.hpp"
#include "tools/app/run_contents.hpp"
#include "tools/app/run_folder.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// Files of several runs that have one name get that of their run before it, and as many folders
/// above it as it takes.
void tell_apart(std::vector<NetworkFile>& files) {
  std::vector<fs::path> folders;
  std::vector<std::string> names;
  for (const NetworkFile& file : files) {
    folders.push_back(fs::absolute(file.path).lexically_normal().parent_path().parent_path());
    names.push_back(file.name);
  }
  const auto is_shared = [&](std::size_t i) {
    for (std::size_t j = 0; j < files.size(); ++j)
      if (j != i && files[j].name == files[i].name && folders[j] != folders[i]) return true;
    return false;
  };
  constexpr int kMostFolders = 32;
  std::vector<std::string> before(files.size());
  for (int depth = 0; depth < kMostFolders; ++depth) {
    std::vector<std::size_t> shared;
    for (std::size_t i = 0; i < files.size(); ++i)
      if (is_shared(i)) shared.push_back(i);
    if (shared.empty()) return;
    for (const std::size_t i : shared) {
      fs::path folder = folders[i];
      for (int up = 0; up < depth; ++up) folder = folder.parent_path();
      const std::string name = folder.filename().string();
      before[i] = before[i].empty() ? name : name + "/" + before[i];
    }
    for (const std::size_t i : shared) files[i].name = before[i] + ": " + names[i];
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
