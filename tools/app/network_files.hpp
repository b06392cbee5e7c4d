// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tools/app/run_lock.hpp"

namespace varphase {

/// A file that holds a network, and what tables call it.
struct NetworkFile {
  std::filesystem::path path;
  std::string name;
};

/// The files that an argument stands for: a checkpoint or a pruned file itself, the epochs of a run
/// or of RUN@EPOCH, or those of every member of several runs.
/// @param epoch  of run folders; "": the last
std::vector<NetworkFile> network_files(const std::string& argument, const std::string& epoch);

/// Those of several arguments, in their order; where two runs have files of one name, the names say
/// whose they are: "b: full, epoch 3".
std::vector<NetworkFile> network_files(const std::vector<std::string>& arguments,
                                       const std::string& epoch);

/// begin_analysis for each run that the files lie in. @return the locks, by run
std::map<std::filesystem::path, RunLock> begin_analyses(const std::vector<NetworkFile>& files);

}  // namespace varphase
