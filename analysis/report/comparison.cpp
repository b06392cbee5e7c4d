// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/comparison.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include <fmt/ranges.h>

#include "analysis/kappa/transition_comparison.hpp"
#include "analysis/report/assets.hpp"
#include "analysis/report/config_fields.hpp"
#include "analysis/report/figure_data.hpp"
#include "analysis/report/html.hpp"
#include "analysis/report/page_frame.hpp"
#include "analysis/report/shown_text.hpp"
#include "checkpoints/run_layout.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/text_table.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr const char* kNone = "none";  // looked for and not found
// More columns are nothing that people read.
constexpr std::size_t kMostDifferences = 24, kMostEqual = 300, kMostEqualBytes = 80;

/// The last known value of a column of metrics.csv, or null.
Json last_metric(const ReportInputs& run, const std::string& column) {
  if (!run.metrics || !run.metrics->has(column)) return {};
  const std::vector<double> values = run.metrics->values(column);
  const auto found = std::find_if(values.rbegin(), values.rend(),
                                  [](double value) { return std::isfinite(value); });
  return found == values.rend() ? Json() : Json(*found);
}

/// One column of the table of results.
struct Result {
  std::string title;
  std::function<Json(const ReportInputs&)> value;
  double scale = 1;
  int digits = 0;
};

Json epoch_json(const ReportInputs& run, std::optional<std::int64_t> Transition::*epoch) {
  if (!run.transition) return {};
  const std::optional<std::int64_t>& found = (*run.transition).*epoch;
  if (found) return *found;
  const bool is_known = epoch == &Transition::onset ? run.transition->onset_is_known()
                                                    : run.transition->gap_is_known();
  return is_known ? Json(kNone) : Json();
}

Json last_over(const ReportInputs& run) {
  std::int64_t last = -1, over = 0;
  for (const EpochHistogram& item : run.histograms) last = std::max(last, item.epoch);
  for (const EpochHistogram& item : run.histograms) over += item.epoch == last ? item.over : 0;
  return last < 0 ? Json() : Json(over);
}

std::vector<Result> compared_results() {
  const auto metric = [](const std::string& column) {
    return [column](const ReportInputs& run) { return last_metric(run, column); };
  };
  const auto epoch = [](std::optional<std::int64_t> Transition::*which) {
    return [which](const ReportInputs& run) { return epoch_json(run, which); };
  };
  return {{"epochs", metric("epoch")},
          {"onset", epoch(&Transition::onset)},
          {"drop", epoch(&Transition::drop)},
          {"gap", epoch(&Transition::gap)},
          {"over κ₀", last_over},
          {"deterministic, %", metric("test_accuracy_deterministic"), 100, 2},
          {"ensemble, %", metric("test_accuracy_ensemble"), 100, 2},
          {"ensemble NLL", metric("test_nll_ensemble"), 1, 4},
          {"KL", metric("kl"), 1, 0}};
}

std::string result_text(const Json& value, const Result& column) {
  return value.is_string() ? value.get<std::string>()
                           : number_text(value, column.scale, column.digits);
}

std::string mean_text(const ComparedValue& of, double scale, int digits) {
  if (of.known() == 0) return kNotKnown;
  std::string text = fmt::format("{:.{}f}", scale * of.mean(), std::max(digits, 1));
  std::string small;
  if (of.known() > 1)
    small = fmt::format("±\u00a0{:.{}f}", scale * of.deviation(), std::max(digits, 1));
  if (of.known() < of.values.size())
    small += fmt::format("{}{} of {}", small.empty() ? "" : ", ", of.known(), of.values.size());
  return small.empty() ? text : text + " <small>" + small + "</small>";
}

/// The head of a run's row with the stroke that the run has in the figures (page/shared.js).
std::string name_cell(std::size_t run, const std::string& name) {
  constexpr const char* kDashes[] = {"", "7 4", "2 3", "8 3 2 3"};
  return fmt::format(
      "<tr><th scope=\"row\"><svg class=\"key k{}\" viewBox=\"0 0 26 8\" aria-hidden=\"true\">"
      "<path d=\"M0 4H26\" stroke-dasharray=\"{}\"/></svg>{}</th>",
      run % 8, kDashes[(run + run / 8) % std::size(kDashes)], escape_html(name));
}

/// The name of its run, or of the run whose members they are.
std::vector<std::string> names_of_groups(const ComparisonInputs& inputs,
                                         const std::vector<std::vector<std::size_t>>& groups) {
  std::vector<std::string> names;
  for (const std::vector<std::size_t>& group : groups) {
    const ReportInputs& first = inputs.runs[group.front()];
    const fs::path folder = fs::absolute(first.run).lexically_normal().parent_path();
    if (group.size() == 1) {
      names.push_back(first.name);
    } else if (folder.filename() == RunLayout{}.members().filename()) {
      names.push_back(folder.parent_path().filename().string());
    } else {
      names.push_back(first.name + " and other seeds");
    }
  }
  return names;
}

/// Runs that differ in nothing but the seed, and what each of these groups is called.
struct SeedGroups {
  std::vector<std::vector<std::size_t>> runs;
  std::vector<std::string> names;
};

SeedGroups seed_groups(const ComparisonInputs& inputs) {
  SeedGroups groups{groups_of_seeds(inputs.runs), {}};
  groups.names = names_of_groups(inputs, groups.runs);
  return groups;
}

std::string results_table(const ComparisonInputs& inputs, const SeedGroups& groups) {
  const std::vector<Result> columns = compared_results();
  std::string head, rows;
  for (const Result& column : columns) head += "<th scope=\"col\">" + column.title + "</th>";
  for (std::size_t g = 0; g < groups.runs.size(); ++g) {
    for (const std::size_t i : groups.runs[g]) {
      rows += name_cell(i, inputs.runs[i].name);
      for (const Result& column : columns)
        rows += "<td>" + result_text(column.value(inputs.runs[i]), column) + "</td>";
      rows += "</tr>";
    }
    if (groups.runs[g].size() < 2) continue;
    rows += name_cell(groups.runs[g].front(),
                      fmt::format("{}, mean of {}", groups.names[g], groups.runs[g].size()));
    for (const Result& column : columns) {
      ComparedValue of{column.title, {}};
      for (const std::size_t i : groups.runs[g]) {
        const Json value = column.value(inputs.runs[i]);
        of.values.push_back(value.is_number() ? std::optional(value.get<double>()) : std::nullopt);
      }
      rows += "<td>" + mean_text(of, column.scale, column.digits) + "</td>";
    }
    rows += "</tr>";
  }
  return "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Results\"><table "
         "class=\"names\"><caption><span>Epochs of onset, drop and gap as varphase transition "
         "found them (none: it found no such epoch); all else of the last epoch that has it, on "
         "test images; ± one standard deviation "
         "over seeds, of those that have a value where not all do</span></caption><thead><tr><th "
         "scope=\"col\">run</th>" +
         head + "</tr></thead><tbody>" + rows + "</tbody></table></div>";
}

std::string differences_table(const ComparisonInputs& inputs,
                              const std::vector<ComparedField>& fields) {
  std::vector<ComparedField> differences;
  for (const ComparedField& field : fields)
    if (!field.is_same()) differences.push_back(field);
  if (differences.empty()) return "<p class=\"missing\">The configurations are the same.</p>";
  const std::size_t all = differences.size();
  differences.resize(std::min(all, kMostDifferences));
  std::string head, rows;
  for (const ComparedField& field : differences)
    head += "<th scope=\"col\">" + escape_html(field.name) + "</th>";
  for (std::size_t i = 0; i < inputs.runs.size(); ++i) {
    rows += name_cell(i, inputs.runs[i].name);
    for (const ComparedField& field : differences)
      rows +=
          "<td>" + (field.values[i].empty() ? kNotKnown : escape_html(field.values[i])) + "</td>";
    rows += "</tr>";
  }
  std::string html =
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Configuration\"><table "
      "class=\"names wraps\"><caption><span>Fields of config.json and environment.json that are "
      "not "
      "the same in all runs</span></caption><thead><tr><th scope=\"col\">run</th>" +
      head + "</tr></thead><tbody>" + rows + "</tbody></table></div>";
  if (all > kMostDifferences)
    html += fmt::format("<p class=\"prose\">{} more fields differ.</p>", all - kMostDifferences);
  return html;
}

/// What all runs share, a row for each part of the configuration.
std::string equal_table(const std::vector<ComparedField>& fields) {
  std::map<std::string, std::vector<std::string>> parts;
  std::size_t same = 0;
  for (const ComparedField& field : fields) {
    if (!field.is_same() || ++same > kMostEqual || field.values.front().empty()) continue;
    const std::size_t dot = field.name.find('.');
    parts[field.name.substr(0, dot)].push_back(
        fmt::format("<span>{} <b>{}</b></span>",
                    escape_html(dot == std::string::npos ? "" : field.name.substr(dot + 1)),
                    escape_html(shortened(field.values.front(), kMostEqualBytes))));
  }
  if (parts.empty()) return "<p class=\"missing\">The runs have no field in common.</p>";
  std::string rows;
  for (const auto& [part, list] : parts)
    rows += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escape_html(part),
                        fmt::join(list, " "));
  return fmt::format(
      "<table class=\"plain equal\"><caption><span>{} of {} fields are the same in all "
      "runs</span></caption><tbody>{}</tbody></table>",
      same, fields.size(), rows);
}

Json data_of(const ComparisonInputs& inputs, const SeedGroups& groups) {
  Json runs = Json::array(), list = Json::array();
  for (const ReportInputs& run : inputs.runs) {
    Json own = figure_data(run);
    // Of a run's own page alone.
    for (const char* key : {"uncertainty", "predictions", "attacks"}) own.erase(key);
    for (const char* key : {"maps", "classes", "images"})
      if (own["kappa"].is_object()) own["kappa"].erase(key);
    runs.push_back(std::move(own));
  }
  for (std::size_t g = 0; g < groups.runs.size(); ++g) {
    for (const std::size_t i : groups.runs[g]) runs[i]["group"] = g;
    list.push_back({{"name", text_of_bytes(groups.names[g])}, {"runs", groups.runs[g]}});
  }
  return {{"name", inputs.name}, {"runs", runs}, {"groups", list}};
}

/// Maps of different makings do not compare.
std::string kappa_makings(const ComparisonInputs& inputs) {
  std::vector<std::pair<std::string, std::vector<std::string>>> makings;
  for (const ReportInputs& run : inputs.runs) {
    if (run.histograms.empty()) continue;
    const KappaMaking& making = run.making;
    const std::string text = fmt::format(
        "{} images of the {} split, {}, smooth: {}, κ₀ = {:.4g}", count_text(making.images),
        making.split, making.method, making.smooth.empty() ? "none" : making.smooth, run.kappa0);
    const auto same = std::find_if(makings.begin(), makings.end(),
                                   [&](const auto& one) { return one.first == text; });
    if (same == makings.end()) {
      makings.push_back({text, {run.name}});
    } else {
      same->second.push_back(run.name);
    }
  }
  if (makings.size() == 1) return escape_html("All maps: " + makings.front().first + ".");
  std::string text = makings.empty() ? "" : "The maps were not made alike, and compare with care. ";
  for (const auto& [making, whose] : makings)
    text += fmt::format("{}: {}. ", fmt::join(whose, ", "), making);
  return escape_html(text);
}

}  // namespace

Json comparison_data(const ComparisonInputs& inputs) {
  return data_of(inputs, seed_groups(inputs));
}

std::string render_comparison(const ComparisonInputs& inputs, const PageFrame& frame) {
  const SeedGroups groups = seed_groups(inputs);
  const std::vector<ComparedField> fields = compared_fields(inputs.runs);
  const Json data = data_of(inputs, groups);
  std::set<std::string> flags;
  for (const Json& run : data["runs"]) {
    if (!run["metrics"].is_null()) flags.insert("metrics");
    if (!run["kappa"].is_null()) flags.insert("kappa");
    if (!run["sweeps"].empty()) flags.insert("sweeps");
  }
  const bool seeds = std::any_of(groups.runs.begin(), groups.runs.end(),
                                 [](const auto& group) { return group.size() > 1; });
  if (seeds) flags.insert("seeds");
  std::vector<std::string> shown, problems;
  for (const ReportInputs& run : inputs.runs) {
    shown.push_back(run.name);
    problems.insert(problems.end(), run.problems.begin(), run.problems.end());
  }
  std::map<std::string, std::string> values = frame_values(frame, inputs.name, data);
  values.insert({{"lede", escape_html(fmt::format(
                              "{} run{} side by side: {}.", inputs.runs.size(),
                              inputs.runs.size() == 1 ? "" : "s",
                              shortened(fmt::format("{}", fmt::join(shown, ", ")), 400)))},
                 {"problems", problems_note(problems)},
                 {"results", results_table(inputs, groups)},
                 {"differences", differences_table(inputs, fields)},
                 {"equal", equal_table(fields)},
                 {"kappa_note", kappa_makings(inputs)},
                 {"script", std::string(comparison_script())}});
  return fill_template(comparison_template(), values, flags);
}

}  // namespace varphase
