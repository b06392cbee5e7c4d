// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/class_names.hpp"

#include "src/base/byte_text.hpp"
#include "src/base/error.hpp"
#include "src/base/log.hpp"
#include "tools/app/config_overrides.hpp"

namespace varphase {

std::vector<std::string> class_names_of(const DataConfig& config) {
  std::vector<std::string> names;
  VARPHASE_CHECK(config.class_names.is_array(), ErrorKind::usage,
                 "data.class_names: wants a list of names, one a class, such as "
                 "'[\"cat\", \"dog\"]', got {}",
                 config.class_names.dump());
  for (const Json& name : config.class_names) {
    VARPHASE_CHECK(name.is_string(), ErrorKind::usage,
                   "data.class_names: wants a list of names, one a class, got {} in it",
                   name.dump());
    names.push_back(name.get<std::string>());
  }
  return names;
}

void record_class_names(DataConfig& config, const Dataset& dataset, const TextList& set) {
  if (overrides(set, "data.class_names")) {
    const std::vector<std::string> names = class_names_of(config);
    VARPHASE_CHECK(static_cast<std::int64_t>(names.size()) >= dataset.classes, ErrorKind::usage,
                   "data.class_names: {} names, {} has {} classes", names.size(), dataset.name,
                   dataset.classes);
    return;
  }
  if (!dataset.class_names.empty()) {
    config.class_names = Json::array();
    for (const std::string& name : dataset.class_names)
      config.class_names.push_back(text_of_bytes(name));
    return;
  }
  const bool other_data = overrides(set, "data.data");
  if (config.class_names.empty()) return;
  if (other_data || static_cast<std::int64_t>(class_names_of(config).size()) < dataset.classes) {
    log_warning(
        fmt::format("{} names no classes, and those of the configuration are of other "
                    "images: left out; --class-names gives them",
                    dataset.name));
    config.class_names = Json::array();
  }
}

}  // namespace varphase
