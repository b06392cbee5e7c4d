// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/page_frame.hpp"

#include "analysis/report/assets.hpp"
#include "analysis/report/html.hpp"
#include "analysis/report/shown_text.hpp"
#include "src/base/version.hpp"

namespace varphase {
namespace {

/// Where a page may send requests, as its Content-Security-Policy says it: nowhere, or to the server that it came from.
const char* connections(const PageFrame& frame) { return frame.live ? "'self'" : "'none'"; }

/// The script that keeps a served page fresh; "" of a page that is a file.
std::string live_html(const PageFrame& frame) {
  return frame.live ? "<script>\n" + std::string(live_script()) + "</script>" : "";
}

}  // namespace

std::map<std::string, std::string> frame_values(const PageFrame& frame, const std::string& name,
                                                const Json& data) {
  return {{"name", escape_html(name)},
          {"version", escape_html(version())},
          {"git_hash", escape_html(git_hash().substr(0, 12))},
          {"style", std::string(page_style())},
          {"font", frame.exported
                       ? "<style id=\"figure-font\">" + std::string(figure_font()) + "</style>"
                       : ""},
          {"connect", connections(frame)},
          {"progress", frame.progress},
          {"live", live_html(frame)},
          {"plotly", std::string(plotly_script())},
          {"data", script_json(data)}};
}

std::string problems_note(const std::vector<std::string>& problems) {
  if (problems.empty()) return "";
  std::string items;
  for (const std::string& problem : problems)
    items += "<li>" + escape_html(shortened(problem)) + "</li>";
  return "<div class=\"note\" role=\"note\"><b>Left out of this page:</b><ul>" + items +
         "</ul></div>";
}

}  // namespace varphase
