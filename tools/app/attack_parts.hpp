// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "analysis/robustness/attack_outcome.hpp"

namespace varphase {

/// The finished batches of an attack, a sealed file each, so that what was done is not done again. One that is damaged,
/// or of another request, is left aside with a warning.
class AttackParts {
 public:
  /// @param folder  made with the first batch
  /// @param request  all that the bits of the result depend on, as text
  AttackParts(std::filesystem::path folder, const std::string& request);

  std::optional<AttackOutcome> find(std::int64_t batch) const;
  /// Those of so many batches that are there, by number.
  std::vector<std::optional<AttackOutcome>> find_all(std::int64_t batches) const;
  void keep(std::int64_t batch, const AttackOutcome& outcome) const;
  /// When the result is written: the files of so many batches, and the folder where it is empty.
  void remove(std::int64_t batches) const;

 private:
  std::filesystem::path path(std::int64_t batch) const;

  std::filesystem::path folder_;
  std::string request_;
};

}  // namespace varphase
