// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/shown_text.hpp"

#include <cmath>

#include <fmt/format.h>

#include "analysis/report/figure_data.hpp"
#include "src/base/text_table.hpp"

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

std::string percent(const Json& share, int digits) {
  if (!share.is_number()) return kNotKnown;
  return fmt::format("{:.{}f} %", share.get<double>() * 100, digits);
}

std::string signed_points(double difference) {
  const std::string text = fmt::format("{:.2f}", std::abs(difference) * 100);
  if (text == "0.00") return "±0.00";
  return (difference < 0 ? "−" : "+") + text;
}

std::string count_or_dash(const Json& count) {
  if (!count.is_number() || std::abs(count.get<double>()) > 1e15) return kNotKnown;
  return count_text(static_cast<long long>(count.get<double>()));
}

std::string first_text(const Json& object, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    const Json& value = value_at(object, key);
    if (!value.is_null() && !value.is_object()) return shown_text(value);
  }
  return "";
}

std::optional<std::size_t> last_known(const Json& values) {
  for (std::size_t at = values.is_array() ? values.size() : 0; at > 0; --at) {
    if (values[at - 1].is_number()) return at - 1;
  }
  return std::nullopt;
}

}  // namespace varphase
