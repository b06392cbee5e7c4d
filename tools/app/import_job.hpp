// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "analysis/exchange/state_dict_report.hpp"
#include "src/base/config.hpp"
#include "tools/app/job.hpp"

namespace varphase {

/// A run, a checkpoint or a pruned file of weights that came from elsewhere.
struct ImportRequest {
  std::string file;
  std::string network;
  std::string preset;
  std::string run;
  std::string out;
  std::string map;
  std::optional<double> log_alpha;
  bool overwrite = false;
  TextList set;

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("file", file, FieldInfo{.help = "a state_dict as safetensors or NPZ"});
    visit("network", network,
          FieldInfo{.help = "the network's spec (JSON); exports of Varphase bring their own"});
    visit("preset", preset, FieldInfo{.help = "or a preset's network, data and training"});
    visit("run", run, FieldInfo{.help = "the run folder to make"});
    visit("out", out,
          FieldInfo{.help = "or the checkpoint alone; of an exported pruned file: the pruned "
                            "file"});
    visit("map", map,
          FieldInfo{.help = "modules of the file by layers of the network, where names do not "
                            "tell (JSON: {\"encoder.proj\": \"dense1\"})"});
    visit("log_alpha", log_alpha,
          FieldInfo{.help = "of variance layers whose weights come without variances: sigma^2 = "
                            "exp(log alpha) weight^2 [the network's own]",
                    .min = -20,
                    .max = 20});
    visit("overwrite", overwrite, FieldInfo{.help = "replace a run or file that is there"});
    visit("set", set,
          FieldInfo{.help = "section.field=value of the run's configuration", .recorded = true});
  }
};

struct ImportResult {
  std::string path;        // the run, or the file
  std::string kind;        // of the file that was made: a checkpoint or a pruned file
  std::int64_t bytes = 0;  // of a pruned file
  StateDictReport report;  // of a checkpoint
};

/// @throws Error usage, io, format, shape, numeric naming the file; what was there stays, and
/// nothing new is left.
ImportResult import_network(const ImportRequest& request, Job& job);

}  // namespace varphase
