// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "src/base/config.hpp"

namespace varphase {

/// A run, and what tables call it.
struct NamedRun {
  std::filesystem::path path;
  std::string name;  // of its folder, with as much of the path as tells it from the others
};

/// The runs that folders stand for, in their order: a run of several members for all of them that have begun.
/// @throws Error usage for no folder or for a run named twice; io, usage where one is no run, before anything is done
/// with the first.
std::vector<NamedRun> named_runs(const TextList& folders);

}  // namespace varphase
