// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/base/config.hpp"
#include "src/data/corruption.hpp"
#include "tools/app/data_choice.hpp"
#include "tools/app/device_choice.hpp"
#include "tools/app/evaluate_job.hpp"
#include "tools/app/job.hpp"

namespace varphase {

/// How do networks fare as their images get worse?
struct ShiftRequest : DeviceChoice, DataChoice {
  TextList paths;
  TextList corruptions;
  std::string epoch = "last";
  std::int64_t samples = 50;
  std::int64_t seed = 1;
  std::string split = "test";
  std::int64_t images = 0;
  std::string out;
  bool overwrite = false;
  std::string form = "auto";

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("paths", paths,
          FieldInfo{.help = "runs, RUN@EPOCH, checkpoints, pruned files; a run of several members "
                            "stands for all of them"});
    visit("corruptions", corruptions,
          FieldInfo{.help = "what is done to the images [all of them]",
                    .choices = corruption_names().names()});
    visit("epoch", epoch, FieldInfo{.help = "of run folders: last, best, or an epoch"});
    visit("samples", samples, FieldInfo{.help = "members of the ensemble", .min = 1});
    visit("seed", seed, seed_info("of the noise of corruptions and of evaluation"));
    visit("split", split, FieldInfo{.help = "images", .choices = {"test", "validation", "train"}});
    visit("images", images, FieldInfo{.help = "only the first so many of them; 0: all", .min = 0});
    visit("out", out, FieldInfo{.help = "also write the result as JSON"});
    visit("overwrite", overwrite, FieldInfo{.help = "replace a file that --out names"});
    visit("form", form,
          FieldInfo{.help = "how pruned layers are computed: auto (whichever is the fastest), "
                            "dense, csr or compact; a given form gives the same bits at every "
                            "run"});
    DataChoice::visit_fields(visit);
    DeviceChoice::visit_fields(visit);
  }
};

/// A network on images to which one thing was done.
struct ShiftScores {
  std::string corruption;      // "clean" where nothing was done
  int strength = 0;            // 1 .. kCorruptionStrengths; 0: clean
  MetricsByEstimator metrics;  // "deterministic", "ensemble"
};

struct ShiftedNetwork {
  std::string name, path;
  std::int64_t images = 0;
  Json data;                        // as trained_images says it
  std::vector<ShiftScores> scores;  // clean first, then every strength of each corruption
  /// Over all corruptions, from strength 1 on: the mean of each metric, named "mean".
  std::vector<ShiftScores> means;
};

struct ShiftResult {
  std::int64_t samples = 0, seed = 0;
  std::string split;
  std::vector<ShiftedNetwork> networks;
};

/// Who hears of each row as it is known.
class ShiftJob : public Job {
 public:
  /// Rows of a network follow.
  virtual void network(const ShiftedNetwork& /*network*/) {}
  virtual void scored(const ShiftScores& /*scores*/) {}
};

/// What is written as JSON.
Json to_json(const ShiftResult& result);

/// Accuracy, negative log likelihood and calibration of networks on images that were corrupted (src/data/corruption.hpp),
/// by kind and strength. All networks and strengths draw the same noise, so that rows differ by the images alone.
/// @throws Error usage (no such corruption, more images than there are), io, format, shape naming the file; device;
///   numeric.
ShiftResult shift(const ShiftRequest& request, ShiftJob& job);

}  // namespace varphase
