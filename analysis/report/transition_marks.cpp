// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/transition_marks.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/base/text_table.hpp"

namespace varphase {
namespace {

constexpr const char* kKinds[] = {"alpha", "onset", "drop", "gap"};

const TransitionRow& row_at(const Transition& transition, std::int64_t epoch) {
  return *std::find_if(transition.rows.begin(), transition.rows.end(),
                       [&](const TransitionRow& row) { return row.epoch == epoch; });
}

std::string gap_text(const TransitionRow& row) {
  const std::string error =
      std::isfinite(row.gap_se) ? fmt::format(" (standard error {:.2f})", 100 * row.gap_se) : "";
  return fmt::format("{:.2f} points{}", 100 * row.gap(), error);
}

std::string weights_text(std::int64_t over, std::int64_t of) {
  return fmt::format("{} of {} weights", count_text(over), count_text(of));
}

void add_alpha(const Transition& transition, std::vector<TransitionMark>& marks) {
  for (std::size_t at = 0; at < transition.log_alpha_layers.size(); ++at) {
    const std::optional<std::int64_t> epoch = transition.alpha_passes_one(at);
    if (!epoch) continue;
    const std::string& layer = transition.log_alpha_layers[at];
    marks.push_back({*epoch, "alpha", layer, fmt::format("α > 1 in {}", layer),
                     fmt::format("the noise of {} outgrows its means (α passes 1)", layer),
                     fmt::format("log α = {:.2f}", row_at(transition, *epoch).log_alpha[at]),
                     "first epoch from which on log α is over 0"});
  }
}

void add_onsets(const Transition& transition, std::vector<TransitionMark>& marks) {
  if (transition.onset) {
    const auto weights =
        std::accumulate(transition.weights.begin(), transition.weights.end(), std::int64_t{0});
    const std::int64_t over = row_at(transition, *transition.onset).over_total().value_or(0);
    const std::string seen = weights_text(over, weights);
    marks.push_back({*transition.onset, "onset", "", "onset",
                     fmt::format("{} {} over κ₀", seen, over == 1 ? "is" : "are"), seen,
                     transition.onset_rule()});
  }
  for (std::size_t at = 0; transition.layers.size() > 1 && at < transition.layers.size(); ++at) {
    const std::optional<std::int64_t> epoch = transition.onset_of(at);
    if (!epoch) continue;
    const std::string& layer = transition.layers[at];
    marks.push_back({*epoch, "onset", layer, "onset in " + layer, "",
                     weights_text(row_at(transition, *epoch).over[at], transition.weights[at]),
                     "the onset’s rule, in this layer alone", false});
  }
}

/// "conv2 (epoch 5)", or "conv2 and dense1 (epoch 5)"; empty where no layer has an epoch.
std::string earliest(const std::vector<std::string>& layers,
                     const std::function<std::optional<std::int64_t>(std::size_t)>& epoch_of) {
  std::optional<std::int64_t> first;
  std::vector<std::string> names;
  for (std::size_t at = 0; at < layers.size(); ++at) {
    const std::optional<std::int64_t> epoch = epoch_of(at);
    if (!epoch || (first && *epoch > *first)) continue;
    if (!first || *epoch < *first) names.clear();
    first = epoch;
    names.push_back(layers[at]);
  }
  return first ? fmt::format("{} (epoch {})", fmt::join(names, " and "), *first) : "";
}

}  // namespace

std::vector<TransitionMark> transition_marks(const Transition& transition) {
  std::vector<TransitionMark> marks;
  add_alpha(transition, marks);
  add_onsets(transition, marks);
  if (transition.drop) {
    const std::string seen = gap_text(row_at(transition, *transition.drop));
    marks.push_back({*transition.drop, "drop", "", "drop",
                     "the network at its means falls behind the ensemble, by " + seen, seen,
                     transition.drop_rule()});
  }
  if (transition.gap) {
    marks.push_back(
        {*transition.gap, "gap", "", "gap",
         fmt::format("the network at its means is more than {:g} points behind the ensemble{}",
                     transition.rules.gap_points,
                     transition.low_variance_phase() == false ? ", as far back as was looked" : ""),
         gap_text(row_at(transition, *transition.gap)), transition.gap_rule()});
  }
  const auto rank = [](const TransitionMark& mark) {
    return std::find(std::begin(kKinds), std::end(kKinds), mark.kind);
  };
  std::stable_sort(
      marks.begin(), marks.end(), [&](const TransitionMark& one, const TransitionMark& other) {
        return one.epoch != other.epoch ? one.epoch < other.epoch : rank(one) < rank(other);
      });
  bool has_alpha = false;
  for (TransitionMark& mark : marks) {
    if (mark.kind != "alpha") continue;
    mark.first = !has_alpha;
    has_alpha = true;
  }
  return marks;
}

std::string order_of_marks(const std::vector<TransitionMark>& marks) {
  std::string text;
  std::optional<std::int64_t> epoch;
  for (const TransitionMark& mark : marks) {
    if (!mark.first) continue;
    text += mark.epoch == epoch
                ? "; " + mark.words
                : fmt::format("{}Epoch {}: {}", text.empty() ? "" : ". ", mark.epoch, mark.words);
    epoch = mark.epoch;
  }
  return text.empty() ? text : text + ".";
}

std::string first_layer_text(const Transition& transition) {
  if (transition.layers.empty()) return "";
  if (transition.layers.size() == 1)
    return fmt::format("Which layer goes first? {} is the only one that was looked at.",
                       transition.layers.front());
  const std::string by_kappa =
      earliest(transition.layers, [&](std::size_t at) { return transition.onset_of(at); });
  const std::string by_alpha = earliest(
      transition.log_alpha_layers, [&](std::size_t at) { return transition.alpha_passes_one(at); });
  if (by_kappa.empty() && by_alpha.empty()) return "No layer shows a sign of it so far.";
  std::string text = "Which layer goes first? ";
  if (!by_alpha.empty()) text += "The noise outgrows the means first in " + by_alpha;
  if (!by_kappa.empty())
    text +=
        (by_alpha.empty() ? "Weights pass κ₀ first in " : "; weights pass κ₀ first in ") + by_kappa;
  return text + ".";
}

}  // namespace varphase
