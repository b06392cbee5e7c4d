// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/report/report.hpp"
#include "src/base/json.hpp"

namespace varphase {

/// The figures as data, in a schema that the page's script may rely on: every key is there, numbers are numbers or null.
///
///     {"name", "split", "samples": members of the ensembles by epoch,
///      "metrics": null | {"epoch": [..],
///                         "accuracy": {"deterministic": [..] | null, ...},
///                         "nll": {...},
///                         "objective": {"nll", "kl", "elbo"},
///                         "log_alpha": [{"layer", "values"}],
///                         "kl_weight": [..] | null},
///      "transition": null | {"kappa0", "onset", "drop", "gap", "low_variance_phase", "weights",
///                            "marks": [{"epoch", "kind", "layer", "label", "first"}],   (transition_marks.hpp)
///                            "epoch": [..], "over": [..]},
///      "kappa": null | {"kappa0", "first", "width",
///                       "layers": [{"layer", "weights",
///                                   "epochs": [{"epoch", "over", "zeros", "negative", "underflow", "overflow", "bins"}]}],
///                       "maps": [..], "classes": [..],      (map_figures.hpp; classes with their "name")
///                       "images": null | {..}},             (image_figures.hpp)
///      "sweeps": [..],        of each sweep (sweep_figures.hpp)
///      "leading_sweep": null | index,
///      "uncertainty": [..],   of each evaluation with tables of metrics (uncertainty_figures.hpp)
///      "predictions": [..],   of each network whose predictions of single images were kept (prediction_figures.hpp)
///      "attacks": [..]}       of each attack (attack_figures.hpp)
///
/// Accuracies are fractions; of two rows of one epoch the later one counts.
Json figure_data(const ReportInputs& inputs);

/// The number, text or element under a key; null where it is missing or of another type: files may come from other
/// programs.
Json number_at(const Json& object, const char* key);
Json text_at(const Json& object, const char* key);
const Json& value_at(const Json& object, const char* key);
/// The list under a key; an empty one where there is none.
const Json& list_at(const Json& object, const char* key);

/// The text of a JSON value, or what stands for one that is none.
std::string text_or(const Json& text, const char* otherwise);

/// The entries of all evaluation files, in order; what is no JSON object is left out.
std::vector<Json> evaluation_entries(const Json& evaluation);

/// What an evaluation calls a network and, of a pruned one, how much is gone: "95 (95 % of dense1 gone)".
std::string network_title(const Json& evaluation, const std::string& name);

/// Which layer's weights an evaluation's entry tells the share of: its only pruned one, or "its pruned layers".
std::string pruned_layer(const Json& entry);

/// Of a run's network; none where they are not known.
std::optional<double> class_count(const Json& config);

/// " Chance is 10 %, of 10 classes.": the accuracy of guessing; empty where the classes are not known.
std::string chance_text(const Json& config);

}  // namespace varphase
