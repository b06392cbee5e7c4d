// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace varphase {

/// Texts that would run if a page took them for markup, as names of a layer, a device, a file.
struct HostileTexts {
  std::string layer = "dense1";
  std::string device = "cpu";
};

/// An empty folder of this name for a test's files, under the build folder.
std::filesystem::path test_folder(const std::string& name);

/// Writes a run folder as train, kappa, transition, sweep and eval leave it: 24 epochs of made-up
/// numbers in which the deterministic accuracy falls and kappa grows over the threshold. Every file
/// that a report reads is there.
void write_synthetic_run(const std::filesystem::path& run, const HostileTexts& texts = {});

/// Writes the page of a run as it is now. @return where it lies, in the run's folder
std::filesystem::path write_page(const std::filesystem::path& run);
/// Likewise of runs side by side, by names. @param page  where it is to lie
void write_comparison(const std::vector<std::pair<std::filesystem::path, std::string>>& runs,
                      const std::filesystem::path& page);

}  // namespace varphase
