// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/criteria_text.hpp"

#include <cmath>
#include <map>

#include <fmt/format.h>

#include "analysis/report/figure_data.hpp"
#include "analysis/report/html.hpp"
#include "analysis/report/shown_text.hpp"

namespace varphase {
namespace {

/// The rows of a sweep of criteria whose weights become zero, each criterion's at the share nearest to `share`.
std::map<std::string, Json> rows_near(const Json& sweep, double share) {
  std::map<std::string, Json> rows;
  const auto distance = [&](const Json& row) {
    return std::abs(row["sparsity"].get<double>() - share);
  };
  for (const Json& row : sweep["rows"]) {
    if (!row["criterion"].is_string() || row["replace"] != "zero" || !row["sparsity"].is_number() ||
        !row["difference"].is_number())
      continue;
    Json& held = rows[row["criterion"].get<std::string>()];
    if (held.is_null() || distance(row) < distance(held)) held = row;
  }
  return rows;
}

double error_of(const Json& row) {
  return row["difference_se"].is_number() ? row["difference_se"].get<double>() : 0;
}

/// Whether weights taken by lot can go as well as by the best of the others.
bool lot_is_as_good(const std::map<std::string, Json>& rows) {
  const auto lot = rows.find("random");
  if (lot == rows.end()) return false;
  for (const auto& [criterion, row] : rows) {
    const double behind = row["difference"].get<double>() - lot->second["difference"].get<double>();
    if (behind > 2 * std::hypot(error_of(row), error_of(lot->second))) return false;
  }
  return true;
}

std::string comparison_of(const Json& sweep, double share) {
  const std::map<std::string, Json> rows = rows_near(sweep, share);
  if (rows.size() < 2) return "";
  std::string list;
  for (const auto& [criterion, row] : rows) {
    list += fmt::format("{}{} {} points", list.empty() ? "" : ", ", escape_html(criterion),
                        signed_points(row["difference"].get<double>()));
    if (row["difference_se"].is_number()) list += fmt::format(" ± {:.2f}", 100 * error_of(row));
  }
  const std::string repair = text_or(rows.begin()->second["repair"], "none");
  return fmt::format(
      "<p class=\"prose\"><b>Does the criterion matter?</b> At {} of {} set to zero{}, on {} "
      "images: {}. {} ({})</p>",
      percent(rows.begin()->second["sparsity"]), shown_text(sweep["layer"]),
      repair == "none" ? "" : ", " + escape_html(repair) + " repaired",
      escape_html(text_or(sweep["split"], "unnamed")), list,
      lot_is_as_good(rows) ? "Up to here weights taken at random can go as well."
      : rows.contains("random")
          ? "Weights taken at random cost more, by over two standard errors."
          : "Random weights, which any criterion should beat, were not tried.",
      escape_html(text_or(sweep["file"], "")));
}

}  // namespace

std::string criteria_html(const Json& data) {
  double share = 0.95;
  if (!data["leading_sweep"].is_null()) {
    const Json& leading = data["sweeps"][data["leading_sweep"].get<std::size_t>()];
    if (!leading["chosen"].is_null()) {
      const Json& chosen = leading["rows"][leading["chosen"]["row"].get<std::size_t>()]["sparsity"];
      if (chosen.is_number()) share = chosen.get<double>();
    }
  }
  std::string html;
  for (const Json& sweep : data["sweeps"])
    if (sweep["criterion"] == "several") html += comparison_of(sweep, share);
  return html;
}

}  // namespace varphase
