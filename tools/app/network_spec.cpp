// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/network_spec.hpp"

#include <string_view>

#include "src/models/network.hpp"

namespace varphase {

Json read_network_spec(const std::string& path) {
  Json spec = read_json_file(path);
  try {
    const Network network(spec);
  } catch (const Error& error) {
    // The file's name says it better than "network: ", with which the network's own messages begin.
    std::string_view what = error.what();
    constexpr std::string_view kPrefix = "network: ";
    if (what.starts_with(kPrefix)) what.remove_prefix(kPrefix.size());
    throw Error(error.kind(), fmt::format("{}: {}", path, what));
  }
  return spec;
}

}  // namespace varphase
