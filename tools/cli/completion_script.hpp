// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace varphase {

/// What a shell offers behind a verb.
struct CompletedVerb {
  struct Flag {
    std::string name;  // "--out"
    std::string help;
    bool takes_value = false;
    std::vector<std::string> values;  // that can be offered; none: files
  };

  std::string name, help;
  std::vector<Flag> flags;
  std::vector<std::string> values;  // of arguments by place; none: files
};

/// A script that completes the words of `varphase`.
/// @param shell  "bash", "zsh" or "fish"
std::string completion_script(const std::string& shell, const std::vector<CompletedVerb>& verbs);

}  // namespace varphase
