// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/provenance.hpp"

#include <fmt/format.h>

#include "analysis/report/html.hpp"
#include "analysis/report/shown_text.hpp"
#include "src/base/byte_text.hpp"

namespace varphase {
namespace {

// More is nothing that people read.
constexpr std::size_t kMostRows = 500, kMostConfigBytes = std::size_t{1} << 18U;

/// Nested objects become "a.b" rows, so that any environment.json of ours is shown whole.
void flatten(const Json& json, const std::string& prefix, std::size_t& count, std::string& rows) {
  for (const auto& item : json.items()) {
    const std::string key = shortened(prefix.empty() ? item.key() : prefix + "." + item.key());
    if (item.value().is_object()) {
      flatten(item.value(), key, count, rows);
    } else if (count++ < kMostRows) {
      rows += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escape_html(key),
                          escape_html(shown_text(item.value())));
    }
  }
}

}  // namespace

std::string provenance_html(const ReportInputs& inputs) {
  std::string rows;
  std::size_t count = 0;
  flatten(Json{{"run", text_of_bytes(inputs.run.string())}}, "", count, rows);
  if (inputs.environment.is_object()) flatten(inputs.environment, "", count, rows);
  if (count > kMostRows)
    rows += fmt::format("<tr><th scope=\"row\">...</th><td>{} more</td></tr>", count - kMostRows);
  std::string html =
      "<div class=\"scroll\"><table class=\"plain\"><tbody>" + rows + "</tbody></table></div>";
  if (inputs.environment.is_null()) {
    html += "<p class=\"missing\">No environment.json: <code>varphase train</code> writes one.</p>";
  }
  if (!inputs.config.is_null()) {
    html += "<details><summary>Resolved configuration</summary><pre>" +
            escape_html(shortened(json_text(inputs.config), kMostConfigBytes)) + "</pre></details>";
  }
  return html;
}

}  // namespace varphase
