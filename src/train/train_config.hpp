// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "src/base/config.hpp"

namespace varphase {

/// Which images, and which part of them.
struct DataConfig {
  std::string data = "fashion-mnist";
  std::string source;
  double validation = 0;
  std::int64_t train_limit = 0;
  std::int64_t test_limit = 0;
  std::string labels = "fine";
  bool skip_damaged = false;
  std::string normalize = "none";
  Json pixel_mean = Json::array();
  Json pixel_std = Json::array();
  Json class_names = Json::array();
  std::string convert = "none";
  std::string resize = "none";
  std::string hdf5_images;
  std::string hdf5_labels;
  std::string pixel_range = "none";
  std::int64_t max_unpacked_bytes = 0;
  std::int64_t max_image_pixels = std::int64_t{1} << 26U;
  std::int64_t max_jpeg_scans = 64;

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("data", data,
          FieldInfo{.help = "a folder of IDX, CIFAR or .npy files or of images, an HDF5 or .npz "
                            "file, or mnist, fashion-mnist, cifar-10, cifar-100, "
                            "cifar-100-coarse, synthetic-digits, four-gaussians"});
    visit("source", source,
          FieldInfo{.help = "where the files of a relative `data` lay when the run was made: an "
                            "absolute path, looked at first",
                    .recorded = true});
    visit("validation", validation,
          FieldInfo{.help = "share of the training images held out to choose thresholds on",
                    .min = 0,
                    .max = 0.9});
    visit("train_limit", train_limit,
          FieldInfo{.help = "use the first so many training images; 0: all",
                    .unit = "images",
                    .min = 0,
                    .max = 1e9});
    visit("test_limit", test_limit,
          FieldInfo{.help = "use the first so many test images; 0: all",
                    .unit = "images",
                    .min = 0,
                    .max = 1e9});
    visit("labels", labels,
          FieldInfo{.help = "of CIFAR-100: the 100 fine or the 20 coarse classes",
                    .choices = {"fine", "coarse"}});
    visit("skip_damaged", skip_damaged,
          FieldInfo{.help = "leave images of an image folder out that are damaged, "
                            "unsupported or not there, instead of stopping"});
    visit("normalize", normalize,
          FieldInfo{.help = "none: pixel / 255; standard: less the training images' mean by "
                            "channel, over their standard deviation",
                    .choices = {"none", "standard"}});
    visit("pixel_mean", pixel_mean,
          FieldInfo{.help = "of normalize=standard, a list by channel; empty: measured, and "
                            "recorded in the run's config"});
    visit("pixel_std", pixel_std, FieldInfo{.help = "likewise"});
    visit(
        "class_names", class_names,
        FieldInfo{.help = "by class number, a list such as '[\"cat\", \"dog\"]'; empty: those that "
                          "the data have, recorded in the run's config"});
    visit_reading(visit);
  }

  /// How files are read, wherever images are: what `data` and `predict` have flags for, too.
  template <class Visitor>
  void visit_reading(Visitor&& visit) {
    visit("convert", convert,
          FieldInfo{.help = "make images grey (ITU-R 601 luma) or rgb (three equal channels of a "
                            "grey one)",
                    .choices = {"none", "grey", "rgb"}});
    visit("resize", resize,
          FieldInfo{.help = "bring images to HEIGHTxWIDTH, or to a square of one number: bilinear, "
                            "antialiased, as Pillow's BILINEAR; none: as they are"});
    visit("hdf5_images", hdf5_images,
          FieldInfo{.help = "the images' array in an HDF5 or NumPy file: its name in train/ and "
                            "test/, or TRAIN,TEST, or of all images; empty: the usual names"});
    visit("hdf5_labels", hdf5_labels, FieldInfo{.help = "likewise the labels' array"});
    visit("pixel_range", pixel_range,
          FieldInfo{.help = "of float32 images in an HDF5 or NumPy file: what black and white are; "
                            "none: they are bytes, or the dataset's HDF5 attribute `range` says it",
                    .choices = {"none", "0..1", "0..255"}});
    visit("max_unpacked_bytes", max_unpacked_bytes,
          FieldInfo{.help = "most that a packed file (gzip, HDF5, NPZ) may unpack to; 0: 256 MiB, "
                            "or 64 times its own size where that is more",
                    .unit = "bytes",
                    .min = 0,
                    .max = 1e15});
    visit("max_image_pixels", max_image_pixels,
          FieldInfo{.help = "larger JPEG and PNG files are unsupported",
                    .unit = "pixels",
                    .min = 1,
                    .max = 1e9});
    visit("max_jpeg_scans", max_jpeg_scans,
          FieldInfo{.help = "progressive JPEGs of more scans are unsupported; above 2^24 pixels "
                            "as many fewer",
                    .unit = "scans",
                    .min = 1,
                    .max = 1e6});
  }
};

struct TrainConfig {
  /// Older files have a switch "tf32" where `precision` is now.
  static void rename_older(Json& json) {
    const auto found = json.find("tf32");
    if (found == json.end() || !found->is_boolean()) return;
    json["precision"] = found->get<bool>() ? "tf32" : "float32";
    json.erase("tf32");
  }

  std::int64_t epochs = 200;
  std::int64_t extended_from = 0;
  std::string extension = "replan";
  std::int64_t batch_size = 200;
  std::string optimizer = "adam";
  double learning_rate = 1e-3;
  std::string schedule = "linear";
  std::int64_t step_size = 30;
  double gamma = 0.1;
  double weight_decay = 0;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double momentum = 0.9;
  bool nesterov = false;
  double log_alpha_rate = 1;
  double log_alpha_hold = 0;
  double log_alpha_max = 20;
  double kl_weight = 1;
  std::int64_t kl_warmup = 0;
  std::int64_t kl_start = 0;
  std::int64_t samples = 10;
  std::int64_t seed = 1;
  std::int64_t every = 1;
  std::int64_t evaluate_every = 1;
  std::int64_t kappa_every = 0;
  std::int64_t keep_optimizer = 1;
  bool deterministic = true;
  std::string precision = "tf32";
  std::string reduction = "float32";
  std::string augment = "none";
  std::int64_t crop_padding = 4;
  double prune_sparsity = 0;
  std::int64_t prune_begin = 0;
  std::int64_t prune_end = 0;
  std::int64_t prune_every = 1;
  std::string prune_criterion = "variance-share";

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit_length(visit);
    visit_optimizer(visit);
    visit_variances(visit);
    visit_run(visit);
    visit_pruning(visit);
  }

 private:
  template <class Visitor>
  void visit_length(Visitor& visit) {
    visit("epochs", epochs,
          FieldInfo{
              .help = "passes over the training images", .unit = "epochs", .min = 1, .max = 1e6});
    visit("extended_from", extended_from,
          FieldInfo{.help = "epochs of the run before --resume --epochs made it longer; 0: never",
                    .unit = "epochs",
                    .min = 0,
                    .max = 1e6,
                    .recorded = true});
    visit("extension", extension,
          FieldInfo{.help = "schedules of a run that --resume --epochs makes longer; replan: those "
                            "of a run of so many epochs from the start; constant: the rates of the "
                            "last epoch planned before are held",
                    .choices = {"replan", "constant"}});
    visit(
        "batch_size", batch_size,
        FieldInfo{.help = "images in a step; a rest that fills none is left out of its epoch, and "
                          "batch_norm wants 2 where its layer has one place",
                  .unit = "images",
                  .min = 1,
                  .max = 1e6});
  }

  template <class Visitor>
  void visit_optimizer(Visitor& visit) {
    visit("optimizer", optimizer,
          FieldInfo{.help = "what makes a step of a gradient", .choices = {"adam", "sgd"}});
    visit("learning_rate", learning_rate,
          FieldInfo{.help = "learning rate of the first epoch", .min = 0, .max = 1000});
    visit("schedule", schedule,
          FieldInfo{.help = "how the learning rate falls over the epochs; linear and cosine end "
                            "at 0",
                    .choices = {"linear", "constant", "step", "cosine"}});
    visit("step_size", step_size,
          FieldInfo{.help = "schedule step: epochs from one fall to the next",
                    .unit = "epochs",
                    .min = 1,
                    .max = 1e6});
    visit("gamma", gamma,
          FieldInfo{.help = "schedule step: factor of each fall", .min = 0, .max = 1});
    visit("weight_decay", weight_decay,
          FieldInfo{.help = "share of each weight added to its gradient (L2; never log alpha)",
                    .min = 0,
                    .max = 1e3});
    visit("beta1", beta1,
          FieldInfo{.help = "Adam's decay of the mean gradient", .min = 0, .max = 0.999999});
    visit("beta2", beta2,
          FieldInfo{.help = "Adam's decay of the mean square", .min = 0, .max = 0.99999999});
    visit("epsilon", epsilon, FieldInfo{.help = "Adam's epsilon", .min = 0, .max = 1});
    visit("momentum", momentum,
          FieldInfo{.help = "SGD's share of the last step in the next", .min = 0, .max = 0.999999});
    visit("nesterov", nesterov, FieldInfo{.help = "SGD looks ahead (Nesterov's momentum)"});
  }

  template <class Visitor>
  void visit_variances(Visitor& visit) {
    visit("log_alpha_rate", log_alpha_rate,
          FieldInfo{.help = "learning rate of log alpha as a multiple of learning_rate",
                    .min = 0,
                    .max = 1e6});
    visit("log_alpha_hold", log_alpha_hold,
          FieldInfo{.help = "share of the epochs for which log alpha's learning rate is held "
                            "before its schedule begins",
                    .min = 0,
                    .max = 0.999});
    visit("log_alpha_max", log_alpha_max,
          FieldInfo{.help = "largest log alpha: brought back after each step (layers that train "
                            "log alpha)",
                    .min = -20,
                    .max = 20});
    visit("kl_weight", kl_weight,
          FieldInfo{.help = "weight of the KL term in the loss", .min = 0, .max = 1e3});
    visit("kl_warmup", kl_warmup,
          FieldInfo{.help = "epochs over which the weight of the KL term rises from 0",
                    .unit = "epochs",
                    .min = 0,
                    .max = 1e6});
    visit("kl_start", kl_start,
          FieldInfo{.help = "epochs without the KL term before its weight begins to rise",
                    .unit = "epochs",
                    .min = 0,
                    .max = 1e6});
  }

  template <class Visitor>
  void visit_run(Visitor& visit) {
    visit("samples", samples,
          FieldInfo{
              .help = "members of the ensemble of an epoch's evaluation", .min = 1, .max = 1e5});
    visit("seed", seed, seed_info("of initial values, order and noise"));
    visit("every", every,
          FieldInfo{.help = "write a checkpoint every so many epochs, and the last",
                    .unit = "epochs",
                    .min = 1,
                    .max = 1e6});
    visit("evaluate_every", evaluate_every,
          FieldInfo{.help = "evaluate every so many epochs, and the last; those between are "
                            "trained and saved alike, without accuracies",
                    .unit = "epochs",
                    .min = 1,
                    .max = 1e6});
    visit("kappa_every", kappa_every,
          FieldInfo{.help = "make the kappa map of every so many epochs' checkpoints, and of the "
                            "last one, as `kappa` would; 0: none",
                    .unit = "epochs",
                    .min = 0,
                    .max = 1e6});
    visit("keep_optimizer", keep_optimizer,
          FieldInfo{.help = "keep optimizer state, for a resume, in so many newest checkpoints",
                    .min = 1,
                    .max = 1e6});
    visit("deterministic", deterministic,
          FieldInfo{.help = "the same bits run after run on one device"});
    visit(
        "precision", precision,
        FieldInfo{
            .help = "products and convolutions of training (evaluation and curvature are "
                    "float32); bf16 keeps weights, batch norm's statistics and sampling in float32",
            .choices = {"float32", "tf32", "bf16"}});
    visit("reduction", reduction,
          FieldInfo{.help = "type in which several ranks add their gradients up; bf16 halves what "
                            "they send, and rounds to 8 bits",
                    .choices = {"float32", "bf16"}});
    visit(
        "augment", augment,
        FieldInfo{.help = "none, or crop-flip: training images are padded with black, cut back at "
                          "a random place and mirrored half of the time",
                  .choices = {"none", "crop-flip"}});
    visit("crop_padding", crop_padding,
          FieldInfo{.help = "of crop-flip, on every side", .unit = "pixels", .min = 0, .max = 256});
  }

  template <class Visitor>
  void visit_pruning(Visitor& visit) {
    visit("prune_sparsity", prune_sparsity,
          FieldInfo{.help = "share of each variance layer's weights that is dropped on the way, "
                            "more and more after each epoch; 0: none",
                    .min = 0,
                    .max = 1});
    visit("prune_begin", prune_begin,
          FieldInfo{
              .help = "epochs before weights begin to go", .unit = "epochs", .min = 0, .max = 1e6});
    visit("prune_end", prune_end,
          FieldInfo{.help = "epoch after which all of prune_sparsity is gone; 0: the last",
                    .unit = "epochs",
                    .min = 0,
                    .max = 1e6});
    visit("prune_every", prune_every,
          FieldInfo{
              .help = "drop weights every so many epochs", .unit = "epochs", .min = 1, .max = 1e6});
    visit("prune_criterion", prune_criterion,
          FieldInfo{.help = "the weights with the least of it go",
                    .choices = {"variance-share", "variance", "sigma2", "magnitude"}});
  }
};

/// All of a run: what config.json holds.
struct RunConfig {
  Json network;
  DataConfig data;
  TrainConfig train;

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("network", network, FieldInfo{.help = "the network's spec"});
    visit("data", data, FieldInfo{.help = "images"});
    visit("train", train, FieldInfo{.help = "training"});
  }
};

}  // namespace varphase
