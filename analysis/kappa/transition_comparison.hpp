// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analysis/kappa/transition.hpp"

namespace varphase {

/// The transition of one run of several.
struct NamedTransition {
  std::string name, run;  // what the table calls it; its folder
  Transition transition;
};

/// One column of a table with a row a run: an epoch, a count or an accuracy of each.
struct ComparedValue {
  std::string name;                           // "onset", "accuracy_ensemble"
  std::vector<std::optional<double>> values;  // by run; none: not found, or not measured

  std::size_t known() const;
  /// Of those that are known. @return NaN of none
  double mean() const;
  /// Their standard deviation, divided by n - 1. @return NaN of fewer than two
  double deviation() const;
};

/// What the transitions of several runs are compared by: onset, drop, gap and the lags in epochs, the onset of each
/// layer alone ("onset/dense1"; none for runs without the layer), and of each run's last epoch in which it was
/// measured the weights over kappa_0 ("over"), both accuracies (0..1) and the layers' log alpha.
std::vector<ComparedValue> compared_values(std::span<const NamedTransition> runs);

/// {"format", "runs": [{"name", "run", as to_json(Transition)}], "table": [{"value", "values", "known", "mean",
/// "deviation"}]}; what is not known is null.
Json to_json(std::span<const NamedTransition> runs);
/// "name,run,onset,...", a line a run.
std::string to_csv(std::span<const NamedTransition> runs);

}  // namespace varphase
