// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "analysis/kappa/transition.hpp"
#include "src/base/text_table.hpp"

// What a transition says of itself to people.

namespace varphase {
namespace {

/// "10^1.5", or the plain number where its logarithm is not short.
std::string kappa0_text(double kappa0) {
  const double exponent = std::round(std::log10(kappa0) * 1000) / 1000;
  const bool short_power = std::abs(std::pow(10.0, exponent) / kappa0 - 1) < 1e-9;
  return short_power ? fmt::format("10^{:g}", exponent) : fmt::format("{:g}", kappa0);
}

/// "lag: the onset comes 2 epochs before the drop".
std::string lag_text(std::int64_t epochs, const std::string& than) {
  if (epochs == 0) return fmt::format("lag: none, onset and {} are in the same epoch", than);
  return fmt::format("lag: the onset comes {} epoch{} {} the {}", std::abs(epochs),
                     std::abs(epochs) == 1 ? "" : "s", epochs < 0 ? "before" : "after", than);
}

/// What the table lacks, and what may lie there unseen.
std::string missing_text(const Transition& transition) {
  std::string text;
  const auto missing = std::count_if(transition.rows.begin(), transition.rows.end(),
                                     [](const auto& row) { return row.over.empty(); });
  if (missing > 0) {
    text += fmt::format("\n{} of {} epochs have no kappa map: the onset may lie in one of them",
                        missing, transition.rows.size());
  }
  const auto unknown =
      std::count_if(transition.rows.begin(), transition.rows.end(),
                    [](const auto& row) { return std::isnan(row.accuracy_deterministic); });
  if (unknown > 0) {
    text += fmt::format(
        "\n{} of {} epochs have no deterministic accuracy: drop and gap may lie in one of them",
        unknown, transition.rows.size());
  }
  const auto half =
      std::count_if(transition.rows.begin(), transition.rows.end(), [](const auto& row) {
        return row.epoch > 0 && !std::isnan(row.accuracy_deterministic) &&
               std::isnan(row.accuracy_ensemble);
      });
  if (half > 0 && transition.low_variance_phase()) {
    text += fmt::format(
        "\n{} of {} epochs have a deterministic accuracy alone: the gap may lie in one of them",
        half, transition.rows.size());
  }
  return text;
}

}  // namespace

std::string Transition::onset_rule() const {
  const auto total = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
  std::string bound = count_text(rules.onset_count);
  if (rules.onset_share > 0) {
    const std::string share = fmt::format("{:g} %", rules.onset_share * 100);
    bound = rules.onset_count > 0 ? fmt::format("{} and {}", bound, share) : share;
  }
  return fmt::format("first epoch with more than {} of {} weights over kappa_0 = {}", bound,
                     count_text(total), kappa0_text(rules.kappa0));
}

std::string Transition::drop_rule() const {
  return fmt::format(
      "first epoch with the deterministic {} accuracy at least {:g} points under its running "
      "maximum "
      "for good",
      split, rules.drop_points);
}

std::string Transition::gap_rule() const {
  return fmt::format(
      "first evaluated epoch from which on the ensemble's {} accuracy is more than {:g} points "
      "over the "
      "deterministic one",
      split, rules.gap_points);
}

std::string Transition::summary() const {
  std::string text = onset ? fmt::format("onset at epoch {} ({})", *onset, onset_rule())
                           : fmt::format("no onset ({})", onset_rule());
  for (std::size_t l = 0; layers.size() > 1 && l < layers.size(); ++l) {
    const std::optional<std::int64_t> own = onset_of(l);
    text += fmt::format("{}{} {}", l == 0 ? "\nby layer: " : ", ", layers[l],
                        own ? fmt::format("at epoch {}", *own) : "none");
  }
  text += drop ? fmt::format("\ndrop at epoch {} ({})", *drop, drop_rule())
               : fmt::format("\nno drop ({})", drop_rule());
  if (!low_variance_phase()) {
    text += "\ngap unknown: no epoch of training has both accuracies";
  } else if (!gap) {
    text += fmt::format(
        "\nno gap yet: the ensemble is never more than {:g} points over the deterministic network "
        "for good",
        rules.gap_points);
  } else {
    text += fmt::format("\ngap at epoch {}{} ({})", *gap,
                        *low_variance_phase()
                            ? ""
                            : ", the first evaluated in training: no low-variance phase seen",
                        gap_rule());
  }
  if (const auto epochs = lag()) text += "\n" + lag_text(*epochs, "drop");
  if (const auto epochs = gap_lag()) text += "\n" + lag_text(*epochs, "gap");
  return text + missing_text(*this);
}

}  // namespace varphase
