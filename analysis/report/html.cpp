// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/html.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "src/base/byte_text.hpp"
#include "src/base/error.hpp"

namespace varphase {
std::string escape_html(std::string_view text) {
  std::string escaped;
  for (const char letter : terminal_text(text)) {
    switch (letter) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += letter;
    }
  }
  return escaped;
}

std::string script_json(const Json& json) {
  std::string escaped;
  for (const char letter : json_text(json, -1)) {
    if (letter == '<') {
      escaped += "\\u003c";
    } else {
      escaped += letter;
    }
  }
  return escaped;
}

std::string fill_template(std::string_view text, const std::map<std::string, std::string>& values,
                          const std::set<std::string>& flags) {
  std::string filled;
  while (true) {
    const std::size_t open = text.find("{{");
    filled += text.substr(0, open);
    if (open == std::string_view::npos) return filled;
    const std::size_t close = text.find("}}", open);
    VARPHASE_CHECK(close != std::string_view::npos, ErrorKind::format,
                   "page template: a {{{{ without its }}}}");
    const std::string name(text.substr(open + 2, close - open - 2));
    text.remove_prefix(close + 2);
    if (name.empty() || (name.front() != '#' && name.front() != '^')) {
      const auto value = values.find(name);
      VARPHASE_CHECK(value != values.end(), ErrorKind::format, "page template: no value for '{}'",
                     name);
      filled += value->second;
      continue;
    }
    const std::string flag = name.substr(1);
    const std::string end = "{{/" + flag + "}}";
    const std::size_t stop = text.find(end);
    VARPHASE_CHECK(stop != std::string_view::npos, ErrorKind::format,
                   "page template: block '{}' does not end", name);
    if (flags.contains(flag) == (name.front() == '#')) {
      filled += fill_template(text.substr(0, stop), values, flags);
    }
    text.remove_prefix(stop + end.size());
  }
}

std::string typeset(std::string html) {
  for (std::size_t at = 0; (at = html.find("kappa_0", at)) != std::string::npos;)
    html.replace(at, 7, "κ₀");
  for (std::size_t at = 0; (at = html.find("10^", at)) != std::string::npos;) {
    const std::size_t end = std::min(html.find_first_not_of("-.0123456789", at + 3), html.size());
    // A full stop at the end belongs to the sentence.
    const std::size_t stop = end > at + 3 && html[end - 1] == '.' ? end - 1 : end;
    html = html.substr(0, at) + "10<sup>" + html.substr(at + 3, stop - at - 3) + "</sup>" +
           html.substr(stop);
    at = stop;
  }
  return html;
}

}  // namespace varphase
