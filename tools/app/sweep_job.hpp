// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <fmt/ranges.h>

#include "analysis/prune/criteria.hpp"
#include "src/base/config.hpp"
#include "tools/app/device_choice.hpp"
#include "tools/app/job.hpp"
#include "tools/app/pruning_choice.hpp"
#include "tools/app/sweep_report.hpp"

namespace varphase {

/// Which networks are cut in which ways to be evaluated.
struct SweepRunsRequest : PruningChoice, DeviceChoice {
  TextList runs;
  std::string epoch = "last";
  TextList criteria;  // none: kappa alone, by thresholds
  TextList thresholds;
  NumberList sparsities;
  std::string replace;
  std::string choose;
  std::string split;
  std::int64_t samples = 50;
  std::int64_t seed = 1;
  std::string data;

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("runs", runs,
          FieldInfo{.help = "a run folder, RUN@EPOCH, a checkpoint or a pruned file; several, or a "
                            "run of several members: the mean over them"});
    visit("epoch", epoch, FieldInfo{.help = "last, best, or an epoch"});
    visit("criteria", criteria,
          FieldInfo{.help = fmt::format("compare criteria at equal sparsity, with commas between, "
                                        "or all: {}",
                                        fmt::join(varphase::criteria().names(), ", "))});
    visit("thresholds", thresholds,
          FieldInfo{.help = "kappa_0, with commas between: 10^0.5,10,10^1.5, or 31.6 or log:1.5 "
                            "[10^-6 to 10^4 by 10^0.25, without --criteria and --sparsities]"});
    visit("sparsities", sparsities,
          FieldInfo{.help = "shares to drop, with commas between: 0.9,0.95 [with --criteria: 0.5 "
                            "to 0.999 in 8 steps]",
                    .min = 0,
                    .max = 1});
    visit("replace", replace, FieldInfo{.help = "mean or zero alone [both]"});
    PruningChoice::visit_fields(visit);
    visit("choose", choose,
          FieldInfo{.help = "pick the sparsest row: drop<=POINTS of accuracy lost"});
    visit("split", split,
          FieldInfo{.help = "images: validation, test, train [validation where the run has one, "
                            "else test]"});
    visit("samples", samples, FieldInfo{.help = "members of the ensemble", .min = 1});
    visit("seed", seed, seed_info("of the evaluation noise and of random scores"));
    visit("data", data, FieldInfo{.help = "images, where they are not those of the run's config"});
    DeviceChoice::visit_fields(visit);
  }
};

struct SweepRunsResult {
  SweepReport report;
  std::string stem;                    // of the files it was written to: STEM.json, STEM.csv
  std::vector<std::string> unwritten;  // why files beside the result are missing
};

/// Evaluates cuts of one network, or of several as one, and writes the table into the first run.
/// @throws Error usage, io, format, unsupported.
SweepRunsResult sweep_runs(const SweepRunsRequest& request, Job& job);

}  // namespace varphase
