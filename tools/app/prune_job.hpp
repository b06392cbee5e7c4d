// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "analysis/prune/criteria.hpp"
#include "src/base/config.hpp"
#include "tools/app/device_choice.hpp"
#include "tools/app/job.hpp"
#include "tools/app/prune_result.hpp"
#include "tools/app/pruning_choice.hpp"

namespace varphase {

/// Which network is pruned, where it is cut, and how it is mended. One of threshold, sparsity,
/// budget and choose is given.
struct PruneRequest : PruningChoice, DeviceChoice {
  std::string run;
  std::string epoch = "last";
  std::string threshold;
  std::optional<double> sparsity;
  TextList budget;
  std::string choose;
  std::string criterion = "kappa";
  std::string replace;
  std::string structure = "none";
  std::int64_t samples = 50;
  std::int64_t seed = 1;
  std::string out;
  bool overwrite = false;
  std::string data;

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("run", run,
          FieldInfo{
              .help = "a run folder, RUN@EPOCH, a checkpoint, or a pruned file to prune further"});
    visit("epoch", epoch, FieldInfo{.help = "last, best, or an epoch"});
    visit("threshold", threshold,
          FieldInfo{.help = "on the scores; of kappa kappa_0: 10^1.5, 31.6 or log:1.5"});
    visit("sparsity", sparsity,
          FieldInfo{.help = "share of the weights to drop", .min = 0, .max = 1});
    visit("budget", budget,
          FieldInfo{.help = "share of each layer's weights to drop, with commas between: "
                            "dense1=0.98,conv3=0.9"});
    visit("choose", choose,
          FieldInfo{.help = "the sparsest cut on the validation images with drop<=POINTS"});
    visit("criterion", criterion,
          FieldInfo{.help = "what weights are scored by", .choices = criteria().names()});
    visit("replace", replace,
          FieldInfo{.help = "what a dropped weight becomes: mean or zero [zero]"});
    visit("structure", structure,
          FieldInfo{.help = "none; compact: dead units and channels are taken out of the network; "
                            "neurons: whole ones go, by summed score, and are taken out"});
    PruningChoice::visit_fields(visit);
    visit("samples", samples,
          FieldInfo{.help = "members of the ensemble, with --choose", .min = 1});
    visit("seed", seed, seed_info("of noise and of random scores"));
    visit("out", out, FieldInfo{.help = "the file [RUN/pruned/NAME.h5]"});
    visit("overwrite", overwrite, FieldInfo{.help = "replace a file that is there"});
    visit("data", data, FieldInfo{.help = "images, where they are not those of the run's config"});
    DeviceChoice::visit_fields(visit);
  }
};

/// Cuts a run's network and writes the pruned file.
/// @throws Error usage, io, format, unsupported; nothing is written then.
PruneResult prune_run(const PruneRequest& request, Job& job);

}  // namespace varphase
