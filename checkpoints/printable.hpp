// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace varphase {

/// Text from a file made fit for a terminal: control characters become '?', and over `limit` bytes
/// it ends in "...".
inline std::string printable(std::string_view text, std::size_t limit = 200) {
  std::string shown;
  for (const char c : text.substr(0, limit)) {
    const auto byte = static_cast<unsigned char>(c);
    shown += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  if (text.size() > limit) shown += "...";
  return shown;
}

}  // namespace varphase
