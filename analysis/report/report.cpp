// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/report.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/ranges.h>

#include "analysis/report/assets.hpp"
#include "analysis/report/attack_figures.hpp"
#include "analysis/report/criteria_text.hpp"
#include "analysis/report/figure_data.hpp"
#include "analysis/report/headline.hpp"
#include "analysis/report/html.hpp"
#include "analysis/report/page_frame.hpp"
#include "analysis/report/provenance.hpp"
#include "analysis/report/shown_text.hpp"
#include "analysis/report/uncertainty_figures.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/error.hpp"
#include "src/base/text_table.hpp"

namespace varphase {
namespace fs = std::filesystem;

namespace {

constexpr const char* kShownPredictions[] = {"ensemble", "deterministic", "stochastic",
                                             "zero_mean"};

std::string kappa_note_html(const ReportInputs& inputs) {
  const KappaMaking& making = inputs.making;
  const std::string curvature =
      making.smooth.empty() || making.smooth == "none"
          ? "The curvature is that of the network as it is (smooth: none)."
          : fmt::format(
                "Piecewise-linear activations have no curvature of their own, so here they were "
                "taken as "
                "smooth ones ({}).",
                making.smooth);
  std::string note = fmt::format(
      "{} Summed over {} images of the {} split; method: {}. Exact zeros are drawn at 10⁻²⁵, as in "
      "the paper.",
      curvature, count_text(making.images), making.split, making.method);
  if (!inputs.other_maps.empty())
    note += fmt::format(" Not shown, for other numbers do not compare: {}.",
                        fmt::join(inputs.other_maps, "; "));
  return escape_html(note);
}

/// A cell of a number and a smaller remark under it.
std::string cell(const std::string& value, const std::string& remark = "") {
  if (remark.empty()) return "<td>" + value + "</td>";
  return "<td>" + value + " <small>" + remark + "</small></td>";
}

/// How weights were chosen: ", by kappa", ", by kappa and batch-norm repaired"; of older evaluations nothing.
std::string cut_text(const Json& entry) {
  const Json criterion = text_at(entry, "criterion"), repair = text_at(entry, "repair");
  if (!criterion.is_string()) return "";
  std::string text = ", by " + shown_text(criterion);
  if (repair.is_string() && repair != "none") text += ", " + shown_text(repair) + " repaired";
  return escape_html(text);
}

/// What a file is: "pruned file, 95.00 % of dense1 gone" and under it its name; of others the name alone.
std::string model_cell(const Json& entry) {
  const std::string name = first_text(entry, {"name", "path"});
  const Json sparsity = number_at(entry, "layer_sparsity");
  std::string what = escape_html(name);
  if (!sparsity.is_null() && sparsity.get<double>() > 0) {
    // A checkpoint whose training dropped weights has no such field.
    const bool is_pruned = value_at(entry, "execution").is_array();
    const char* kind = is_pruned ? "pruned file" : "trained with masks";
    what = fmt::format("{}, {} of {} gone{} <small>{}</small>", kind, percent(sparsity),
                       escape_html(pruned_layer(entry)), cut_text(entry), escape_html(name));
  }
  return fmt::format("<th scope=\"row\" title=\"{}\">{}</th>",
                     escape_html(first_text(entry, {"path"})), what);
}

/// The ensemble's accuracy less that of the first network, over the same images.
std::string difference_cell(const Json& entry, bool is_first) {
  if (is_first) return "<td>the first row</td>";
  const Json difference = number_at(value_at(entry, "difference"), "ensemble");
  const Json error = number_at(value_at(entry, "difference_se"), "ensemble");
  if (difference.is_null()) return "<td>not compared</td>";
  return cell(signed_points(difference.get<double>()),
              error.is_null() ? "" : fmt::format("± {:.2f}", error.get<double>() * 100));
}

std::string evaluation_row(const Json& entry, const Json& full_bytes, bool is_first) {
  const Json bytes = number_at(entry, "bytes");
  const bool smaller = !bytes.is_null() && !full_bytes.is_null() && bytes.get<double>() > 0 &&
                       bytes.get<double>() < full_bytes.get<double>();
  const Json weights = number_at(entry, "weights");
  std::string row = "<tr>" + model_cell(entry);
  row +=
      cell(bytes.is_null() ? kNotKnown : bytes_text(bytes.get<double>()),
           smaller ? fmt::format("{:.1f}× smaller", full_bytes.get<double>() / bytes.get<double>())
                   : "");
  row += cell(count_or_dash(number_at(entry, "nonzero")),
              weights.is_null() ? "" : "of " + count_or_dash(weights));
  for (const char* key : {"layer_sparsity", "network_sparsity"})
    row += cell(percent(number_at(entry, key)));
  for (const char* prediction : kShownPredictions) {
    const Json error = number_at(value_at(entry, "accuracy_se"), prediction);
    row += cell(percent(number_at(value_at(entry, "accuracy"), prediction)),
                error.is_null() ? "" : fmt::format("± {:.2f}", error.get<double>() * 100));
    if (std::string_view(prediction) == "ensemble") row += difference_cell(entry, is_first);
  }
  return row + cell(number_text(number_at(value_at(entry, "nll"), "ensemble"), 1, 4)) + "</tr>";
}

/// @param members  of the ensembles by epoch
/// @param chance  the accuracy of guessing, a sentence
std::string evaluation_table(const std::string& file, const Json& evaluation, const Json& members,
                             const std::string& chance) {
  const std::vector<Json> entries = evaluation_entries(evaluation);
  const Json full_bytes = entries.empty() ? Json() : number_at(entries.front(), "bytes");
  std::string rows;
  for (const Json& entry : entries)
    rows += evaluation_row(entry, full_bytes, &entry == &entries.front());
  const std::string samples = first_text(evaluation, {"samples"});
  const std::string split = first_text(evaluation, {"split"});
  const std::string by_epoch =
      members.is_null() || samples.empty() || members.dump() == samples
          ? ""
          : fmt::format("; the curves by epoch are of ensembles of {}", members.dump());
  const std::string members_each =
      samples.empty() ? "" : fmt::format(",<br>K = {}", escape_html(samples));
  std::string head;
  for (const std::string& title :
       {std::string("model"), std::string("file"), std::string("weights kept"),
        std::string("sparsity,<br>layer"), std::string("sparsity,<br>network"),
        "ensemble" + members_each, std::string("change from the<br>first row"),
        std::string("determi­nistic"), std::string("stochastic"), "zero mean" + members_each,
        std::string("NLL")}) {
    head += fmt::format("<th scope=\"col\">{}</th>", title);
  }
  return fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Full and pruned "
      "models\"><table>"
      "<caption><span>{}: accuracy on the {} split, ± one standard error in points (of the "
      "difference paired, over the same images); ensembles of {}, whose NLL an image stands "
      "last{}.{}</span></caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>",
      escape_html(file), escape_html(split.empty() ? "unnamed" : split),
      escape_html(samples.empty() ? "unknown size" : samples), escape_html(by_epoch),
      escape_html(chance), head, rows);
}

bool has_objective(const Json& data) {
  if (data["metrics"].is_null()) return false;
  const Json& objective = data["metrics"]["objective"];
  return std::any_of(objective.begin(), objective.end(),
                     [](const Json& values) { return last_known(values).has_value(); });
}

}  // namespace

std::string render_report(const ReportInputs& inputs, const PageFrame& frame) {
  const Json data = figure_data(inputs);
  std::set<std::string> flags;
  if (!data["metrics"].is_null()) flags.insert("metrics");
  if (!data["transition"].is_null()) flags.insert("transition");
  if (!data["kappa"].is_null()) flags.insert("kappa");
  if (!inputs.layer_maps.empty()) flags.insert("kappa_maps");
  if (!inputs.class_maps.empty()) flags.insert("kappa_classes");
  if (!data["kappa"].is_null() && !data["kappa"]["images"].is_null()) flags.insert("kappa_images");
  if (has_objective(data)) flags.insert("objective");
  if (!data["sweeps"].empty()) flags.insert("sweeps");
  if (!inputs.evaluations.empty()) flags.insert("evaluations");
  if (!data["uncertainty"].empty()) flags.insert("uncertainty");
  if (!data["predictions"].empty()) flags.insert("predictions");
  if (!data["attacks"].empty()) flags.insert("attacks");
  std::string tables, metric_tables, attacks;
  for (const auto& [file, attack] : inputs.attacks) attacks += attack_rows(file, attack);
  for (const auto& [file, evaluation] : inputs.evaluations) {
    tables += evaluation_table(file, evaluation, data["samples"], chance_text(inputs.config));
    metric_tables += uncertainty_tables(file, evaluation);
  }
  std::map<std::string, std::string> values = frame_values(frame, inputs.name, data);
  values.insert({{"run", escape_html(inputs.run.string())},
                 {"lede", lede_html(inputs)},
                 {"facts", facts_html(inputs)},
                 {"tiles", tiles_html(inputs, data)},
                 {"problems", problems_note(inputs.problems)},
                 {"finding", finding_html(inputs)},
                 {"schedule", escape_html(schedule_text(data))},
                 {"chance", chance_text(inputs.config)},
                 {"criteria", criteria_html(data)},
                 {"members", data["samples"].is_null() ? "many" : "K = " + data["samples"].dump()},
                 {"kappa_note", kappa_note_html(inputs)},
                 {"evaluation_tables", tables},
                 {"metric_tables", metric_tables},
                 {"attack_rows", attacks},
                 {"provenance", provenance_html(inputs)},
                 {"script", std::string(page_script())}});
  return fill_template(page_template(), values, flags);
}

std::string_view figure_font() { return font_style(); }

}  // namespace varphase
