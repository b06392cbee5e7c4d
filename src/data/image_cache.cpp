// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/image_cache.hpp"

#include <cstdlib>

namespace varphase {
namespace fs = std::filesystem;

fs::path cache_folder() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return fs::path(value != nullptr ? value : "");
  };
  if (fs::path own = variable("VARPHASE_CACHE"); !own.empty()) return own;
  if (const fs::path shared = variable("XDG_CACHE_HOME"); shared.is_absolute())
    return shared / "varphase";
  if (const fs::path home = variable("HOME"); home.is_absolute())
    return home / ".cache" / "varphase";
  return {};
}

fs::path cache_file(const std::string& key) {
  return cache_folder() / ("images-" + key.substr(0, 32) + ".h5");
}

}  // namespace varphase
