// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/headline.hpp"

#include <cstdlib>
#include <optional>

#include <fmt/format.h>

#include "analysis/report/figure_data.hpp"
#include "analysis/report/html.hpp"
#include "analysis/report/shown_text.hpp"
#include "analysis/report/transition_marks.hpp"

namespace varphase {
namespace {

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

std::string tile(const char* accent, const std::string& what, const std::string& value,
                 const std::string& more) {
  return fmt::format(
      "<li style=\"--accent:var(--{})\"><span class=\"what\">{}</span><span "
      "class=\"value\">{}</span>"
      "<span class=\"more\">{}</span></li>",
      accent, escape_html(what), escape_html(value), escape_html(more));
}

/// The first epoch from which on the network at its means is no better than a guess; null where it is never so.
Json chance_epoch(const ReportInputs& inputs, const Json& data) {
  const std::optional<double> classes = class_count(inputs.config);
  if (!classes || data["metrics"].is_null()) return {};
  // Two points over chance: an error of some hundred test images.
  const double most = 1 / *classes + 0.02;
  const Json& accuracies = data["metrics"]["accuracy"]["deterministic"];
  Json found;
  for (std::size_t i = 0; i < accuracies.size(); ++i) {
    if (!accuracies[i].is_number()) continue;
    const Json& epoch = data["metrics"]["epoch"][i];
    const bool guesses = accuracies[i].get<double>() <= most && epoch != 0;
    if (!guesses) found = Json();
    if (guesses && found.is_null()) found = epoch;
  }
  return found;
}

/// When it happens: from the first mark to the last, what each of them is, and when it is over.
std::string transition_tile(const std::vector<TransitionMark>& marks, const Json& chance) {
  std::optional<std::int64_t> from, to;
  for (const TransitionMark& mark : marks) {
    if (!mark.first) continue;
    if (!from) from = mark.epoch;
    to = mark.epoch;
  }
  if (!from) return tile("count", "The transition", "none", "no sign of it so far");
  const std::string epochs =
      *from == *to ? fmt::format("epoch {}", *from) : fmt::format("epochs {} to {}", *from, *to);
  std::string order = order_of_marks(marks);
  if (!chance.is_null())
    order += fmt::format(" From epoch {} on the network at its means only guesses.", chance.dump());
  return tile("count", "Signs of the transition", epochs, order);
}

/// The last accuracy of a way of prediction. @param how  "K = 10, " @param more  what follows
std::string accuracy_tile(const Json& data, const char* prediction, const char* title,
                          const std::string& how, const std::string& more = "") {
  const Json& values = data["metrics"]["accuracy"][prediction];
  const std::optional<std::size_t> at = last_known(values);
  if (!at) return "";
  return tile(prediction, title, percent(values[*at], 1),
              fmt::format("{}at epoch {}, {} images{}", how, data["metrics"]["epoch"][*at].dump(),
                          data["split"].get<std::string>(), more));
}

/// "−0.17 points (standard error 0.10) on 600 validation images".
std::string lost_text(const Json& of, const Json& images, const std::string& split) {
  std::string text = signed_points(of["difference"].get<double>()) + " points";
  if (of["difference_se"].is_number())
    text += fmt::format(" (standard error {:.2f})", of["difference_se"].get<double>() * 100);
  text += " on ";
  if (images.is_number()) text += count_or_dash(images) + " ";
  return text + split + " images";
}

/// Where a choice by drop<=POINTS does not hold on the test images; else nothing.
std::string broken_rule(const Json& chosen) {
  const std::string rule = text_or(chosen["rule"], ""), form = "drop<=";
  if (!rule.starts_with(form) || !chosen["test"]["difference"].is_number()) return "";
  const double allowed = std::atof(rule.c_str() + form.size());
  if (chosen["test"]["difference"].get<double>() * 100 >= -allowed) return "";
  return fmt::format(", more than the {} points that were allowed", rule.substr(form.size()));
}

/// How much can go, and on which images that was seen: those of the choice, and the test images beside them.
std::string sparsity_tile(const Json& sweep) {
  const Json& chosen = sweep["chosen"];
  const Json& row = sweep["rows"][chosen["row"].get<std::size_t>()];
  const std::string split = text_or(sweep["split"], "unnamed");
  const std::string replace = shown_text(row["replace"]);
  std::string more = replace == "zero"   ? "of its weights set to zero"
                     : replace == "mean" ? "of its weights left at their means, without noise"
                                         : "of its weights replaced by " + replace;
  if (row["difference"].is_number())
    more += ": the accuracy changes by " + lost_text(row, sweep["predicted_images"], split);
  if (split == "test") {
    more += ", which it was chosen on";
  } else if (chosen["test"]["difference"].is_number()) {
    more += ", where it was chosen, and by " +
            lost_text(chosen["test"], chosen["test"]["images"], "test") + broken_rule(chosen);
  } else {
    more += ", where it was chosen; not tested on test images";
  }
  if (sweep["samples"].is_number()) more += "; ensembles of K = " + sweep["samples"].dump();
  return tile("zero", "How much of " + shown_text(sweep["layer"]) + " can go",
              percent(row["sparsity"]), more);
}

}  // namespace

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

std::string tiles_html(const ReportInputs& inputs, const Json& data) {
  std::string html;
  if (inputs.transition && !inputs.transition->layers.empty())
    html += transition_tile(transition_marks(*inputs.transition), chance_epoch(inputs, data));
  if (!data["metrics"].is_null()) {
    const Json& samples = data["samples"];
    const std::string chance = chance_text(inputs.config);
    html += accuracy_tile(data, "deterministic", "Deterministic accuracy", "",
                          chance.empty() ? "" : "." + chance);
    html += accuracy_tile(data, "ensemble", "Ensemble accuracy",
                          samples.is_null() ? "" : fmt::format("K = {}, ", samples.dump()));
  }
  if (!data["leading_sweep"].is_null()) {
    const Json& sweep = data["sweeps"][data["leading_sweep"].get<std::size_t>()];
    if (!sweep["chosen"].is_null()) html += sparsity_tile(sweep);
  }
  return html.empty() ? "" : "<ul class=\"tiles\">" + html + "</ul>";
}

std::string schedule_text(const Json& data) {
  if (data["metrics"].is_null() || !data["metrics"]["kl_weight"].is_array()) return "";
  const Json& weights = data["metrics"]["kl_weight"];
  Json without, full;  // the last epoch of the former, the first of the latter
  const Json last = weights.empty() ? Json() : weights.back();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const Json& epoch = data["metrics"]["epoch"][i];
    if (!weights[i].is_number() || epoch == 0) continue;
    if (weights[i] == 0) without = epoch;
    if (full.is_null() && weights[i] == last) full = epoch;
  }
  if (without.is_null() || last.is_null() || last == 0) return "";
  return fmt::format(
      "Training left the KL term out up to epoch {} and let it in until epoch {}: it pulls the "
      "variances up, and signs that come then come by this schedule.",
      without.dump(), full.dump());
}

std::string finding_html(const ReportInputs& inputs) {
  if (!inputs.transition) return "";
  const Transition& transition = *inputs.transition;
  std::string rows;
  for (const TransitionMark& mark : transition_marks(transition)) {
    rows += fmt::format("<tr><td>{}</td><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>",
                        mark.epoch, escape_html(mark.label), escape_html(mark.seen),
                        typeset(escape_html(mark.rule)));
  }
  std::string html;
  if (!rows.empty())
    html +=
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Signs of the "
        "transition\"><table class=\"signs\"><caption><span>Signs of the transition, in the order "
        "in "
        "which they came; standard errors of differences are paired, over the same "
        "images</span></caption>"
        "<thead><tr><th scope=\"col\">epoch</th><th scope=\"col\">sign</th><th scope=\"col\">seen "
        "in that "
        "epoch</th><th scope=\"col\">rule</th></tr></thead><tbody>" +
        rows + "</tbody></table></div>";
  std::vector<std::string> lines;
  if (const std::string layer = first_layer_text(transition); !layer.empty())
    lines.push_back(layer);
  if (transition.onset_is_known() && !transition.onset) lines.emplace_back("No onset so far.");
  if (transition.gap_is_known() && !transition.drop) lines.emplace_back("No drop so far.");
  if (transition.gap_is_known() && !transition.gap) lines.emplace_back("No gap so far.");
  if (!transition.gap_is_known())
    lines.push_back("Drop and gap are unknown: no epoch of training has both accuracies.");
  if (transition.low_variance_phase() == false)
    lines.push_back(
        "The first evaluated epoch of training has the gap already: no low-variance phase was "
        "seen.");
  for (const std::string& remark : transition.remarks()) lines.push_back(remark + ".");
  for (const std::string& line : lines) html += "<p class=\"prose\">" + escape_html(line) + "</p>";
  return html;
}

}  // namespace varphase
