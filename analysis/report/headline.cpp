// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/headline.hpp"

#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "analysis/report/figure_data.hpp"
#include "analysis/report/html.hpp"
#include "analysis/report/shown_text.hpp"

namespace varphase {
namespace {

std::string signed_points(double difference) {
  const std::string text = fmt::format("{:.2f}", std::abs(difference) * 100);
  if (text == "0.00") return "±0.00";
  return (difference < 0 ? "−" : "+") + text;
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

std::string tile(const char* accent, const std::string& what, const std::string& value,
                 const std::string& more) {
  return fmt::format(
      "<li style=\"--accent:var(--{})\"><span class=\"what\">{}</span><span "
      "class=\"value\">{}</span>"
      "<span class=\"more\">{}</span></li>",
      accent, escape_html(what), escape_html(value), escape_html(more));
}

std::string onset_tile(const Transition& transition) {
  if (!transition.onset)
    return tile("count", "Onset of the transition", "none",
                "no weight exceeds the threshold so far");
  std::string more;
  std::optional<std::size_t> first;
  for (std::size_t layer = 0; layer < transition.layers.size(); ++layer) {
    const std::optional<std::int64_t> onset = transition.onset_of(layer);
    if (onset && (!first || *onset < *transition.onset_of(*first))) first = layer;
  }
  if (first && transition.layers.size() > 1)
    more = fmt::format("first in {}; ", transition.layers[*first]);
  more += transition.drop
              ? fmt::format("the deterministic accuracy leaves at epoch {}", *transition.drop)
              : std::string("the deterministic accuracy still holds");
  return tile("count", "Onset of the transition", fmt::format("epoch {}", *transition.onset), more);
}

/// The last accuracy of a way of prediction. @param how  "K = 10, "
std::string accuracy_tile(const Json& data, const char* prediction, const char* title,
                          const std::string& how) {
  const Json& values = data["metrics"]["accuracy"][prediction];
  const std::optional<std::size_t> at = last_known(values);
  if (!at) return "";
  return tile(prediction, title, percent(values[*at], 1),
              fmt::format("{}at epoch {}, {} images", how, data["metrics"]["epoch"][*at].dump(),
                          data["split"].get<std::string>()));
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

/// How much can go, and on which images that was seen: those of the choice, and the test images beside them.
std::string sparsity_tile(const Json& sweep) {
  const Json& chosen = sweep["chosen"];
  const Json& row = sweep["rows"][chosen["row"].get<std::size_t>()];
  const std::string split = text_or(sweep["split"], "unnamed");
  std::string more = "replaced by " + shown_text(row["replace"]);
  if (row["difference"].is_number())
    more += ": " + lost_text(row, sweep["predicted_images"], split);
  if (split == "test") {
    more += ", which it was chosen on";
  } else if (chosen["test"]["difference"].is_number()) {
    more += ", where it was chosen; " + lost_text(chosen["test"], chosen["test"]["images"], "test");
  } else {
    more += ", where it was chosen; not tested on test images";
  }
  return tile("zero", "Can go of " + shown_text(sweep["layer"]), percent(row["sparsity"]), more);
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
    html += onset_tile(*inputs.transition);
  if (!data["metrics"].is_null()) {
    const Json& samples = data["samples"];
    html += accuracy_tile(data, "deterministic", "Deterministic accuracy", "");
    html += accuracy_tile(data, "ensemble", "Ensemble accuracy",
                          samples.is_null() ? "" : fmt::format("K = {}, ", samples.dump()));
  }
  if (!data["leading_sweep"].is_null()) {
    const Json& sweep = data["sweeps"][data["leading_sweep"].get<std::size_t>()];
    if (!sweep["chosen"].is_null()) html += sparsity_tile(sweep);
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

}  // namespace varphase
