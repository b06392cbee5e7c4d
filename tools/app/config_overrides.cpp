// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/config_overrides.hpp"

#include <algorithm>

namespace varphase {

bool overrides(const TextList& set, const std::string& field) {
  return std::any_of(set.begin(), set.end(), [&](const std::string& assignment) {
    return assignment.starts_with(field + "=");
  });
}

void apply_overrides(RunConfig& config, const TextList& set) {
  for (const std::string& assignment : set) set_field(config, assignment);
  if (overrides(set, "data.data")) config.data.source.clear();
}

void apply_reading_overrides(DataConfig& config, const TextList& set) {
  const std::string section = "data.";
  config.visit_reading([&](const char* name, auto&, const FieldInfo&) {
    for (const std::string& assignment : set) {
      if (assignment.starts_with(section + name + "="))
        set_field(config, assignment.substr(section.size()));
    }
  });
}

}  // namespace varphase
