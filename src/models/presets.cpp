// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/models/presets.hpp"

#include "src/base/registry.hpp"
#include "varphase_presets.h"

namespace varphase {
namespace {

const Registry<std::string>& table() {
  static const Registry<std::string> rows{"preset", kPresetRows};
  return rows;
}

}  // namespace

std::vector<std::string> preset_names() { return table().names(); }

Json preset(const std::string& name) { return parse_json(table().at(name), "preset " + name); }

}  // namespace varphase
