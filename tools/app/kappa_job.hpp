// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "analysis/kappa/layer_images.hpp"
#include "src/base/config.hpp"
#include "tools/app/data_choice.hpp"
#include "tools/app/device_choice.hpp"
#include "tools/app/job.hpp"
#include "tools/app/kappa_row.hpp"

namespace varphase {

/// Exact kappa maps and histograms of a run's checkpoints.
struct KappaMapsRequest : DataChoice {
  std::string run;
  std::string epoch = "all";
  TextList layer;
  std::string method = "exact";
  std::int64_t samples = 4;
  double max_seconds = 0;
  bool all_quantities = false;
  std::string by = "none";
  std::int64_t top = 10;
  std::string smooth = "auto";
  std::int64_t verify = 0;
  std::string split = "train";
  std::string kappa0 = "10^1.5";
  DeviceChoice where;

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("run", run, FieldInfo{.help = "a run folder, RUN@EPOCH, or a checkpoint file"});
    visit("epoch", epoch,
          FieldInfo{.help = "all, last, best, an epoch, or several with commas: 1,5,10"});
    visit("layer", layer,
          FieldInfo{.help = "layers by name, with commas between [the variance layers]; all: every "
                            "layer with weights"});
    visit("method", method,
          FieldInfo{.help = "exact; ggn: the Gauss-Newton diagonal; estimate: exact but for "
                            "residuals of layers further up, which enter by random signs, with a "
                            "standard error",
                    .choices = {"exact", "ggn", "estimate"}});
    visit("samples", samples,
          FieldInfo{.help = "of --method estimate, an image", .min = 2, .max = 1e6});
    visit("max_seconds", max_seconds,
          FieldInfo{.help = "that an epoch may take: more is refused before it starts; estimate "
                            "takes as many samples as fit; 0: any",
                    .unit = "s",
                    .min = 0});
    visit("all_quantities", all_quantities,
          FieldInfo{.help = "keep gradient, empirical Fisher and Gauss-Newton diagonal beside the "
                            "Hessian's"});
    visit("by", by,
          FieldInfo{.help = "class: a map of each class's images alone, and their sum; image: "
                            "beside the map the images that add most to the weights of largest "
                            "|kappa|",
                    .choices = {"none", "class", "image"}});
    visit("top", top,
          FieldInfo{.help = "of --by image: weights of each layer", .min = 1, .max = 1000});
    visit("smooth", smooth,
          FieldInfo{.help = "how kinks of activations are smoothed: auto (by softplus where a "
                            "layer of the closed form has one behind it), none, softplus[:BETA]"});
    visit("verify", verify,
          FieldInfo{.help = "compare so many entries with a float64 double backward", .min = 0});
    visit("split", split, FieldInfo{.help = "images of the sum: train, validation, test"});
    visit("kappa0", kappa0,
          FieldInfo{.help = "threshold of the printed count: 10^1.5, 31.6 or log:1.5"});
    DataChoice::visit_fields(visit);
    where.visit_fields(visit);
  }
};

struct KappaMapsResult {
  double kappa0 = 0;
  std::int64_t images = 0;
  std::string split;
  Json data;                       // as trained_images says it
  std::optional<bool> repeatable;  // whether two passes gave the same bits; none: not tried
  std::vector<KappaRow> rows;
  std::vector<KappaRow> sums;   // of --by class: over all classes
  Json layers = Json::array();  // of --by image, as image_json says it
  Json class_names;
  std::filesystem::path folder;  // of the maps
  /// Where the job was asked to end; the same request goes on from there.
  std::optional<std::int64_t> interrupted;
};

class KappaJob : public Job {
 public:
  /// The work begins: nothing is refused from here on.
  virtual void computing() {}
  virtual void computed(const KappaRow& /*row*/) {}
  /// Of --by image. @param csv  where `kept` images of each weight are listed
  virtual void found_images(const std::vector<LayerImages>& /*layers*/, std::int64_t /*epoch*/,
                            const std::filesystem::path& /*csv*/, std::int64_t /*kept*/) {}
};

/// Writes the maps and their histograms into the run's kappa/. What the same request made before
/// is not made again. @throws Error usage, io, format, unsupported.
KappaMapsResult make_kappa_maps(const KappaMapsRequest& request, KappaJob& job);

}  // namespace varphase
