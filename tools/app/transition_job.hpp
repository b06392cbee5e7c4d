// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "analysis/kappa/transition_comparison.hpp"
#include "src/base/config.hpp"
#include "tools/app/job.hpp"

namespace varphase {

/// When does the transition of a run, or of each of several, happen?
struct TransitionRequest {
  TextList runs;
  std::string kappa0 = "10^1.5";
  std::int64_t onset_count = 0;
  double onset_share = 0;
  double drop_points = 0.5;
  double gap = 5;
  std::string maps;
  std::string out;
  bool overwrite = false;

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("runs", runs,
          FieldInfo{.help = "run folders, side by side in one table; a run of several members "
                            "stands for all of them"});
    visit("kappa0", kappa0, FieldInfo{.help = "threshold: 10^1.5, 31.6 or log:1.5"});
    visit("onset_count", onset_count,
          FieldInfo{.help = "onset: more weights over kappa_0 than this", .min = 0});
    visit("onset_share", onset_share,
          FieldInfo{.help = "and than this share of the weights", .min = 0, .max = 1});
    visit("drop_points", drop_points,
          FieldInfo{.help = "drop: deterministic accuracy so many points (and two standard errors) "
                            "under the ensemble's of the same epoch, for good",
                    .min = 0,
                    .max = 100});
    visit("gap", gap,
          FieldInfo{.help = "gap: ensemble more than so many points over the deterministic "
                            "accuracy, for good",
                    .min = 0,
                    .max = 100});
    visit("maps", maps,
          FieldInfo{.help = "kappa maps that are counted: own (those of kappa/ itself) or a folder "
                            "below kappa/, such as smooth-none [exact ones of training images, of "
                            "most layers, then of most epochs]"});
    visit("out", out,
          FieldInfo{.help = "also write the table of all runs, a line a run: as CSV where the name "
                            "ends in .csv, else as JSON"});
    visit("overwrite", overwrite, FieldInfo{.help = "replace a file that --out names"});
  }
};

struct TransitionResult {
  std::vector<NamedTransition> runs;
  std::vector<std::string> unwritten;  // why files beside the result are missing
};

/// What is written as JSON: of one run its transition, of several all of them.
Json to_json(const TransitionResult& result);

/// Counts each run's kappa maps beside its metrics, and writes transition.json and transition.csv into it.
/// @throws Error io, format, usage, before anything is written.
TransitionResult find_transition(const TransitionRequest& request, Job& job);

}  // namespace varphase
