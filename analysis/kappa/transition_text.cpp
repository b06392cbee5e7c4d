// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <functional>
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
      "first epoch from which on the deterministic {} accuracy is at least {:g} points and {:g} "
      "standard errors under the ensemble's of the same epoch",
      split, rules.drop_points, kDropErrors);
}

std::string Transition::gap_rule() const {
  return fmt::format(
      "first evaluated epoch from which on the ensemble's {} accuracy is more than {:g} points "
      "over the "
      "deterministic one",
      split, rules.gap_points);
}

std::vector<std::string> Transition::remarks() const {
  std::vector<std::string> list;
  const auto count = [&](const std::function<bool(const TransitionRow&)>& holds) {
    return std::count_if(rows.begin(), rows.end(), holds);
  };
  const auto add = [&](std::int64_t epochs, const char* what) {
    if (epochs > 0) list.push_back(fmt::format("{} of {} epochs {}", epochs, rows.size(), what));
  };
  const auto no_deterministic = [](const TransitionRow& row) {
    return std::isnan(row.accuracy_deterministic);
  };
  add(count([](const TransitionRow& row) { return row.over.empty(); }),
      "have no kappa map: the onset may lie in one of them");
  add(count(no_deterministic),
      "have no deterministic accuracy: drop and gap may lie in one of them");
  if (!low_variance_phase()) return list;
  add(count([&](const TransitionRow& row) {
        return row.epoch > 0 && !no_deterministic(row) && std::isnan(row.accuracy_ensemble);
      }),
      "have a deterministic accuracy alone: drop and gap may lie in one of them");
  add(count([](const TransitionRow& row) {
        return row.epoch > 0 && std::isfinite(row.gap()) && !std::isfinite(row.gap_se);
      }),
      "have no standard error of the difference (version 0.2.0 wrote none): there the drop is by "
      "points alone");
  return list;
}

std::string Transition::summary() const {
  std::string text;
  for (std::size_t l = 0; l < log_alpha_layers.size(); ++l) {
    if (const std::optional<std::int64_t> passed = alpha_passes_one(l))
      text += fmt::format("alpha of {} passes 1 at epoch {}\n", log_alpha_layers[l], *passed);
  }
  text += onset ? fmt::format("onset at epoch {} ({})", *onset, onset_rule())
                : fmt::format("no onset ({})", onset_rule());
  for (std::size_t l = 0; layers.size() > 1 && l < layers.size(); ++l) {
    const std::optional<std::int64_t> own = onset_of(l);
    text += fmt::format("{}{} {}", l == 0 ? "\nby layer: " : ", ", layers[l],
                        own ? fmt::format("at epoch {}", *own) : "none");
  }
  if (!low_variance_phase()) {
    text += "\ndrop and gap unknown: no epoch of training has both accuracies";
  } else {
    text += drop ? fmt::format("\ndrop at epoch {} ({})", *drop, drop_rule())
                 : fmt::format("\nno drop ({})", drop_rule());
    text += gap ? fmt::format("\ngap at epoch {}{} ({})", *gap,
                              *low_variance_phase()
                                  ? ""
                                  : ", the first evaluated in training: no low-variance phase seen",
                              gap_rule())
                : fmt::format(
                      "\nno gap yet: the ensemble is never more than {:g} points over the "
                      "deterministic network for good",
                      rules.gap_points);
  }
  if (const auto epochs = lag()) text += "\n" + lag_text(*epochs, "drop");
  if (const auto epochs = gap_lag()) text += "\n" + lag_text(*epochs, "gap");
  for (const std::string& remark : remarks()) text += "\n" + remark;
  return text;
}

}  // namespace varphase
