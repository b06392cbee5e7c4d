// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/distinct_names.hpp"

#include <algorithm>

namespace varphase {
namespace fs = std::filesystem;
namespace {

fs::path whole_path(const fs::path& folder) {
  const fs::path whole = fs::absolute(folder).lexically_normal();
  return whole.has_filename() ? whole : whole.parent_path();
}

/// The last `parts` parts of a path: "x/b".
std::string last_parts(const fs::path& path, std::ptrdiff_t parts) {
  const fs::path relative = path.relative_path();
  const auto all = std::distance(relative.begin(), relative.end());
  fs::path kept;
  for (auto part = std::next(relative.begin(), std::max<std::ptrdiff_t>(all - parts, 0));
       part != relative.end(); ++part)
    kept /= *part;
  return kept.string();
}

}  // namespace

std::vector<std::string> distinct_names(const std::vector<fs::path>& folders) {
  std::vector<fs::path> whole;
  std::ptrdiff_t most = 1;
  for (const fs::path& folder : folders) {
    whole.push_back(whole_path(folder));
    most = std::max(most, std::distance(whole.back().begin(), whole.back().end()));
  }
  std::vector<std::ptrdiff_t> parts(folders.size(), 1);
  std::vector<std::string> names(folders.size());
  for (std::ptrdiff_t round = 0; round < most; ++round) {
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = last_parts(whole[i], parts[i]);
    for (std::size_t i = 0; i < names.size(); ++i) {
      for (std::size_t j = 0; j < names.size(); ++j) {
        if (names[i] != names[j] || whole[i] == whole[j]) continue;
        ++parts[i];
        break;
      }
    }
  }
  return names;
}

}  // namespace varphase
