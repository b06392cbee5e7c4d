// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "src/base/config.hpp"
#include "tools/app/device_choice.hpp"
#include "tools/app/train_job.hpp"

namespace varphase {

/// Trains a pruned network on, into a run folder; or goes on with that run.
struct FinetuneRequest : DeviceChoice {
  std::string pruned;
  std::string run;
  std::string parameterization;
  TextList set;
  bool resume = false;
  bool accept_changed_data = false;
  bool overwrite = false;
  std::string data;

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("pruned", pruned, FieldInfo{.help = "a pruned file; not with --resume"});
    visit("run", run, FieldInfo{.help = "the run folder to make or to resume"});
    visit("parameterization", parameterization,
          FieldInfo{.help = "of the pruned layers, where their own cannot give the file's "
                            "variances"});
    visit("set", set, FieldInfo{.help = "name=value of the configuration, such as train.epochs=3"});
    visit("resume", resume, FieldInfo{.help = "go on from the newest checkpoint, bit for bit"});
    visit("accept_changed_data", accept_changed_data,
          FieldInfo{.help = "of --resume: go on although the images are not those that were "
                            "trained on"});
    visit("overwrite", overwrite, FieldInfo{.help = "replace a run that is there"});
    visit("data", data, FieldInfo{.help = "images, where they are not those of the run's config"});
    DeviceChoice::visit_fields(visit);
  }
};

/// What the pruned file dropped stays dropped. The configuration is that of the run that was
/// pruned, but for 20 epochs and a KL term that is there from the first of them.
/// @throws Error as train, and where the file is no pruned one of ours.
TrainResult finetune(const FinetuneRequest& request, TrainJob& job);

}  // namespace varphase
