// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/config.hpp"

#include <algorithm>

namespace varphase::detail {

void check_range(const std::string& key, double value, const FieldInfo& info) {
  // Written so that NaN fails.
  VARPHASE_CHECK(value >= info.min && value <= info.max, ErrorKind::usage,
                 "{}: {} is out of range, wants {} to {}{}{}", key, value, info.min, info.max,
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
  } catch (const Error&) {
    return text_of_bytes(text);
  }
}

}  // namespace varphase::detail
