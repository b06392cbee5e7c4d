// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/config.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace varphase::detail {
namespace {

std::string range_text(const FieldInfo& info) {
  if (std::isinf(info.max)) return fmt::format("at least {}", info.min);
  if (std::isinf(info.min)) return fmt::format("at most {}", info.max);
  return fmt::format("{} to {}", info.min, info.max);
}

}  // namespace

void check_range(const std::string& key, double value, const FieldInfo& info) {
  // Written so that NaN fails.
  VARPHASE_CHECK(value >= info.min && value <= info.max, ErrorKind::usage,
                 "{}: {} is out of range, wants {}{}{}", key, value, range_text(info),
                 info.unit.empty() ? "" : " ", info.unit);
}

void check_choice(const std::string& key, const std::string& value, const FieldInfo& info) {
  if (info.choices.empty()) return;
  const bool known =
      std::find(info.choices.begin(), info.choices.end(), value) != info.choices.end();
  VARPHASE_CHECK(known, ErrorKind::usage, "{}: {}", key,
                 unknown_name("value", value, info.choices));
}

Json value_from_text(const std::string& text, const Json& like) {
  if (like.is_string()) return text_of_bytes(text);
  try {
    return parse_json(text, "");
  } catch (const Error&) {  // no JSON
  }
  // People write ".5" and "1." too.
  double number = 0;
  const char* last = text.data() + text.size();
  const auto [end, status] = std::from_chars(text.data(), last, number);
  if (like.is_number() && status == std::errc() && end == last && std::isfinite(number))
    return number;
  return text_of_bytes(text);
}

}  // namespace varphase::detail
