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
#include "analysis/report/figure_data.hpp"
#include "analysis/report/html.hpp"
#include "analysis/report/live_page.hpp"
#include "analysis/report/provenance.hpp"
#include "analysis/report/shown_text.hpp"
#include "analysis/report/uncertainty_figures.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/error.hpp"
#include "src/base/text_table.hpp"
#include "src/base/version.hpp"

namespace varphase {
namespace fs = std::filesystem;

namespace {

constexpr const char* kShownPredictions[] = {"ensemble", "deterministic", "stochastic",
                                             "zero_mean"};
std::string percent(const Json& share, int digits = 2) {
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

/// The text under the first of these keys that is there, "" where none is.
std::string first_text(const Json& object, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    const Json& value = value_at(object, key);
    if (!value.is_null() && !value.is_object()) return shown_text(value);
  }
  return "";
}

/// Where the last number of a list is: epochs between are not evaluated.
std::optional<std::size_t> last_known(const Json& values) {
  for (std::size_t at = values.is_array() ? values.size() : 0; at > 0; --at) {
    if (values[at - 1].is_number()) return at - 1;
  }
  return std::nullopt;
}

/// "conv2d 20 · conv2d 50 · variance_dense 500 · dense 10": the layers of the spec that have an
/// `out`.
std::string network_text(const Json& network) {
  if (network.is_string()) return shown_text(network);
  std::string text;
  const Json& layers = value_at(network, "layers");
  if (!layers.is_array()) return text;
  for (const Json& layer : layers) {
    if (!layer.is_object()) continue;
    for (const auto& item : layer.items()) {
      const Json out = number_at(item.value(), "out");
      if (!out.is_null())
        text += fmt::format("{}{} {}", text.empty() ? "" : " · ", item.key(), out.dump());
    }
  }
  return shortened(text);
}

std::string lede_html(const ReportInputs& inputs) {
  const Json& train = value_at(inputs.config, "train");
  const std::string data = first_text(value_at(inputs.config, "data"), {"data"});
  const std::string epochs = first_text(train, {"epochs"});
  std::string text = "A network with noisy weights";
  if (!data.empty()) text += " trained on " + data;
  if (!epochs.empty()) text += " for " + epochs + (epochs == "1" ? " epoch" : " epochs");
  text += ": when its means stop mattering, where its information sits, and how much of it can go.";
  return escape_html(text);
}

std::string facts_html(const ReportInputs& inputs) {
  const Json& train = value_at(inputs.config, "train");
  const Json& environment = inputs.environment;
  const std::string limit = first_text(value_at(inputs.config, "data"), {"train_limit"});
  std::string data = first_text(value_at(inputs.config, "data"), {"data"});
  if (!data.empty() && !limit.empty() && limit != "0") {
    data += " (first " + count_or_dash(number_at(value_at(inputs.config, "data"), "train_limit")) +
            " training images)";
  }
  const std::pair<const char*, std::string> facts[] = {
      {"data", data},
      {"network", network_text(value_at(inputs.config, "network"))},
      {"seed", first_text(train, {"seed"})},
      {"device", first_text(environment, {"device_name", "device", "gpu", "cpu"})},
      {"trained with", first_text(environment, {"varphase", "version", "varphase_version"})},
      {"created", first_text(environment, {"created", "started", "time"})}};
  std::string html;
  for (const auto& [what, value] : facts) {
    if (!value.empty())
      html += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", what, escape_html(value));
  }
  return html.empty() ? "" : "<dl class=\"facts\">" + html + "</dl>";
}

std::string tile(const char* accent, const std::string& what, const std::string& value,
                 const std::string& more) {
  return fmt::format(
      "<li style=\"--accent:var(--{})\"><span class=\"what\">{}</span><span "
      "class=\"value\">{}</span>"
      "<span class=\"more\">{}</span></li>",
      accent, escape_html(what), escape_html(value), escape_html(more));
}

/// The sweep that the page opens with: the newest epoch, one with a choice before one without.
const Json* leading_sweep(const Json& sweeps) {
  const Json* best = nullptr;
  const auto rank = [](const Json& sweep) {
    return std::pair(!sweep["chosen"].is_null(),
                     sweep["epoch"].is_null() ? -1.0 : sweep["epoch"].get<double>());
  };
  for (const Json& sweep : sweeps) {
    if (best == nullptr || rank(sweep) >= rank(*best)) best = &sweep;
  }
  return best;
}

std::string tiles_html(const ReportInputs& inputs, const Json& data) {
  std::string html;
  if (inputs.transition && !inputs.transition->layers.empty()) {
    const Transition& transition = *inputs.transition;
    std::string more = "no weight exceeds the threshold so far";
    if (transition.onset) {
      more = transition.drop
                 ? fmt::format("the deterministic accuracy leaves at epoch {}", *transition.drop)
                 : std::string("the deterministic accuracy still holds");
    }
    html += tile("count", "Onset of the transition",
                 transition.onset ? fmt::format("epoch {}", *transition.onset) : "none", more);
  }
  if (!data["metrics"].is_null()) {
    const Json& accuracy = data["metrics"]["accuracy"];
    const auto last = [&](const char* prediction, const char* title) {
      const Json& values = accuracy[prediction];
      const std::optional<std::size_t> at = last_known(values);
      if (!at) return;
      html += tile(prediction, title, percent(values[*at], 1),
                   fmt::format("at epoch {}, {} split", data["metrics"]["epoch"][*at].dump(),
                               data["split"].get<std::string>()));
    };
    last("deterministic", "Deterministic accuracy");
    last("ensemble", "Ensemble accuracy");
  }
  if (const Json* sweep = leading_sweep(data["sweeps"]);
      sweep != nullptr && !(*sweep)["chosen"].is_null()) {
    const Json& row = (*sweep)["rows"][(*sweep)["chosen"]["row"].get<std::size_t>()];
    std::string more = fmt::format("of {}, replaced by {}", shown_text((*sweep)["layer"]),
                                   shown_text(row["replace"]));
    if (row["difference"].is_number()) {
      more += fmt::format(": {} points", signed_points(row["difference"].get<double>()));
      if (row["difference_se"].is_number()) {
        more += fmt::format(" (standard error {:.2f})", row["difference_se"].get<double>() * 100);
      }
    }
    html += tile("zero", "Can go", percent(row["sparsity"]), more);
  }
  return html.empty() ? "" : "<ul class=\"tiles\">" + html + "</ul>";
}

std::string finding_html(const ReportInputs& inputs) {
  if (!inputs.transition) return "";
  std::string items;
  std::string rest = inputs.transition->summary();
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string line = rest.substr(0, end);
    if (!line.empty() && line[0] >= 'a' && line[0] <= 'z')
      line[0] = static_cast<char>(line[0] - 'a' + 'A');
    items += "<li>" + typeset(escape_html(line)) + ".</li>";
    rest.erase(0, std::min(end + 1, rest.size()));
  }
  return "<div class=\"finding\"><ul>" + items + "</ul></div>";
}

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

std::string evaluation_row(const Json& entry, const Json& full_bytes) {
  const Json bytes = number_at(entry, "bytes");
  const bool smaller = !bytes.is_null() && !full_bytes.is_null() && bytes.get<double>() > 0 &&
                       bytes.get<double>() < full_bytes.get<double>();
  const Json weights = number_at(entry, "weights");
  std::string row = fmt::format("<tr><th scope=\"row\" title=\"{}\">{}</th>",
                                escape_html(first_text(entry, {"path"})),
                                escape_html(first_text(entry, {"name", "path"})));
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
  }
  return row + cell(number_text(number_at(value_at(entry, "nll"), "ensemble"), 1, 4)) + "</tr>";
}

std::string evaluation_table(const std::string& file, const Json& evaluation) {
  const std::vector<Json> entries = evaluation_entries(evaluation);
  const Json full_bytes = entries.empty() ? Json() : number_at(entries.front(), "bytes");
  std::string rows;
  for (const Json& entry : entries) rows += evaluation_row(entry, full_bytes);
  const std::string samples = first_text(evaluation, {"samples"});
  const std::string split = first_text(evaluation, {"split"});
  std::string head;
  for (const char* title :
       {"model", "file", "weights kept", "sparsity,<br>layer", "sparsity,<br>network", "ensemble",
        "deterministic", "stochastic", "zero mean", "NLL"}) {
    head += fmt::format("<th scope=\"col\">{}</th>", title);
  }
  return fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Full and pruned "
      "models\"><table>"
      "<caption><span>{}: accuracy on the {} split, ± one standard error in points; ensembles of "
      "{}, "
      "whose NLL an image "
      "stands last</span></caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>",
      escape_html(file), escape_html(split.empty() ? "unnamed" : split),
      escape_html(samples.empty() ? "unknown size" : samples), head, rows);
}

std::string problems_html(const ReportInputs& inputs) {
  std::vector<std::string> problems = inputs.problems;
  if (inputs.metrics && inputs.metrics->truncated) {
    problems.emplace_back("metrics.csv: its last line is cut off and was left out");
  }
  if (problems.empty()) return "";
  std::string items;
  for (const std::string& problem : problems)
    items += "<li>" + escape_html(shortened(problem)) + "</li>";
  return "<div class=\"note\" role=\"note\"><b>Left out of this page:</b><ul>" + items +
         "</ul></div>";
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
  if (has_objective(data)) flags.insert("objective");
  if (!data["sweeps"].empty()) flags.insert("sweeps");
  if (!inputs.evaluations.empty()) flags.insert("evaluations");
  if (!data["uncertainty"].empty()) flags.insert("uncertainty");
  if (!data["attacks"].empty()) flags.insert("attacks");
  std::string tables, metric_tables, attacks;
  for (const auto& [file, attack] : inputs.attacks) attacks += attack_rows(file, attack);
  for (const auto& [file, evaluation] : inputs.evaluations) {
    tables += evaluation_table(file, evaluation);
    metric_tables += uncertainty_tables(file, evaluation);
  }
  return fill_template(page_template(),
                       {{"name", escape_html(inputs.name)},
                        {"run", escape_html(inputs.run.string())},
                        {"version", escape_html(version())},
                        {"git_hash", escape_html(git_hash().substr(0, 12))},
                        {"lede", lede_html(inputs)},
                        {"facts", facts_html(inputs)},
                        {"tiles", tiles_html(inputs, data)},
                        {"problems", problems_html(inputs)},
                        {"finding", finding_html(inputs)},
                        {"kappa_note", kappa_note_html(inputs)},
                        {"evaluation_tables", tables},
                        {"metric_tables", metric_tables},
                        {"attack_rows", attacks},
                        {"provenance", provenance_html(inputs)},
                        {"style", std::string(page_style())},
                        {"connect", page_connections(frame)},
                        {"progress", frame.progress},
                        {"live", live_html(frame)},
                        {"plotly", std::string(plotly_script())},
                        {"script", std::string(page_script())},
                        {"data", script_json(data)}},
                       flags);
}

std::vector<std::string> write_report(const fs::path& run_folder, const fs::path& out_path) {
  const ReportInputs inputs = collect_report(run_folder);
  write_text_atomically(out_path, render_report(inputs));
  return inputs.problems;
}

}  // namespace varphase
