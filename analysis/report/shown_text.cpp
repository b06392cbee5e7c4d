// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/shown_text.hpp"

#include <fmt/format.h>

namespace varphase {

std::string number_text(const Json& value, double scale, int digits) {
  return value.is_null() ? kNotKnown : fmt::format("{:.{}f}", scale * value.get<double>(), digits);
}

std::string shortened(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  const std::size_t whole = text.size();
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80U) --most;
  text.resize(most);
  return text + fmt::format(" ... ({} bytes in all)", whole);
}

std::string shown_text(const Json& value) {
  if (value.is_string()) return shortened(value.get<std::string>());
  return brief(value);
}

}  // namespace varphase
