// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

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

}  // namespace varphase
