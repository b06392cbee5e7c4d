// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "analysis/kappa/transition.hpp"
#include "src/base/config.hpp"
#include "tools/app/job.hpp"

namespace varphase {

/// When does a run's transition happen?
struct TransitionRequest {
  std::string run;
  std::string kappa0 = "10^1.5";
  std::int64_t onset_count = 0;
  double onset_share = 0;
  double drop_points = 0.5;
  double gap = 5;
  std::string maps;

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("run", run, FieldInfo{.help = "a run folder"});
    visit("kappa0", kappa0, FieldInfo{.help = "threshold: 10^1.5, 31.6 or log:1.5"});
    visit("onset_count", onset_count,
          FieldInfo{.help = "onset: more weights over kappa_0 than this", .min = 0});
    visit("onset_share", onset_share,
          FieldInfo{.help = "and than this share of the weights", .min = 0, .max = 1});
    visit("drop_points", drop_points,
          FieldInfo{.help = "drop: deterministic accuracy so many points under its running "
                            "maximum, for good",
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
  }
};

struct TransitionResult {
  Transition transition;
  std::vector<std::string> unwritten;  // why files beside the result are missing
};

/// Counts a run's kappa maps beside its metrics, and writes transition.json and transition.csv
/// into the run. @throws Error io, format, usage.
TransitionResult find_transition(const TransitionRequest& request, Job& job);

}  // namespace varphase
