// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/config.hpp"
#include "src/base/json.hpp"
#include "tools/app/device_choice.hpp"
#include "tools/app/job.hpp"

namespace varphase {

/// What is in these images?
struct PredictRequest : DeviceChoice {
  std::string source;
  TextList images;
  std::string out;
  std::string format = "auto";
  std::string mode = "ensemble";
  std::int64_t samples = 50;
  std::int64_t seed = 1;
  std::string epoch = "last";
  std::int64_t batch = 0;
  bool skip_damaged = false;
  std::string form = "auto";
  bool overwrite = false;
  TextList set;

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("source", source,
          FieldInfo{.help = "a run folder, RUN@EPOCH, a checkpoint, or a pruned file"});
    visit("images", images,
          FieldInfo{.help = "image files or folders of them; or one IDX (plain, gzipped), CIFAR, "
                            "HDF5, .npy or .npz file"});
    visit("out", out, FieldInfo{.help = "the file to write; -: stdout"});
    visit("format", format,
          FieldInfo{.help = "of what is written; auto is by the file's ending",
                    .choices = {"auto", "csv", "jsonl", "json", "hdf5"}});
    visit("mode", mode, FieldInfo{.help = "ensemble, deterministic, stochastic or zero-mean"});
    visit("samples", samples, FieldInfo{.help = "members of the ensemble", .min = 1});
    visit("seed", seed, seed_info("of the noise, which an image's place keys"));
    visit("epoch", epoch, FieldInfo{.help = "of a run folder: last, best, or an epoch"});
    visit("batch", batch,
          FieldInfo{.help = "images in memory at a time; 0: as many as fit", .min = 0});
    visit("skip_damaged", skip_damaged,
          FieldInfo{.help = "leave image files out that are damaged, unsupported or not there, and "
                            "say how many"});
    visit("form", form,
          FieldInfo{.help = "how pruned layers are computed: auto (whichever is the fastest), "
                            "dense, csr or compact; a given form gives the same bits at every "
                            "run"});
    visit("overwrite", overwrite, FieldInfo{.help = "replace a file that is there"});
    visit("set", set,
          FieldInfo{.help = "data.field=value of how image files are read, where not as the run "
                            "had it",
                    .recorded = true});
    DeviceChoice::visit_fields(visit);
  }
};

class PredictJob : public Job {
 public:
  /// Pieces of the file that a request puts to "-", whole and in order, when all is predicted.
  virtual void predicted(std::string_view /*bytes*/) {}
};

struct PredictResult {
  std::string out;
  Json about;  // what the file says of its making: source, epoch, mode, samples, seed, ...
  std::string mode;
  std::int64_t samples = 0;
  std::int64_t images = 0;                     // predicted
  std::vector<std::string> left_out;           // why, one message a damaged image
  double entropy = 0, mutual_information = 0;  // nats, mean over the images
};

/// @throws Error usage, io, format, shape naming the file; device; numeric naming the image. A file
/// is written whole or not at all.
PredictResult predict(const PredictRequest& request, PredictJob& job);

}  // namespace varphase
