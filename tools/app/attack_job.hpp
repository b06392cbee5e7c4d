// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <fmt/ranges.h>

#include "analysis/robustness/attack_request.hpp"
#include "analysis/robustness/attack_summary.hpp"
#include "src/base/config.hpp"
#include "tools/app/data_choice.hpp"
#include "tools/app/device_choice.hpp"
#include "tools/app/job.hpp"

namespace varphase {

/// How easily are networks fooled?
struct AttackRunsRequest : DeviceChoice, DataChoice {
  TextList paths;
  TextList judge;
  std::string against = "1";
  std::string method = "pgd-linf";
  std::string epsilon;
  std::string step;
  std::int64_t steps = 10;
  std::int64_t restarts = 1;
  std::string start = "auto";
  std::string target = "none";
  std::string gradient = "auto";
  std::int64_t samples = 10;
  std::string precision = "float32";
  std::string mode = "ensemble";
  std::int64_t judge_samples = 10;
  std::int64_t judge_every = 1;
  std::int64_t images = 0;
  std::string split = "test";
  std::int64_t seed = 1;
  std::int64_t batch = 0;
  std::string epoch = "last";
  std::string out;
  bool overwrite = false;
  bool save = false;
  bool grid = false;
  bool sanity = false;

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("paths", paths,
          FieldInfo{.help = "what is attacked: a run, RUN@EPOCH, a checkpoint or a pruned file; "
                            "several, or a run of several members: their mean prediction"});
    visit(
        "judge", judge,
        FieldInfo{.help = "others that see the images too: how attacks transfer; a run of several "
                          "members is one judge"});
    visit("against", against,
          FieldInfo{.help = "the judge that the others are compared with, image by image: its name "
                            "in the table or its number; 1: what is attacked"});
    visit("method", method,
          FieldInfo{.help = "fgsm: one step of the sign; ifgsm: the paper's, steps of a fixed "
                            "size; pgd-linf, pgd-l2: projected, from random points",
                    .choices = attack_methods().names()});
    visit("epsilon", epsilon,
          FieldInfo{.help = "how far pixels, or with pgd-l2 images, may move: a share of the "
                            "image's range (8/255, 0.03), pixel values (8px), or none "
                            "[none for ifgsm; the others want one]"});
    visit("step", step,
          FieldInfo{.help = "of a step, in the same units [ifgsm: 0.5px; pgd: 2.5 epsilon / "
                            "steps; fgsm: epsilon]"});
    visit("steps", steps, FieldInfo{.help = "of the iterative ones", .min = 1, .max = 1e6});
    visit("restarts", restarts,
          FieldInfo{.help = "random starts; each image keeps the best by the attack's own draws",
                    .min = 1,
                    .max = 1e6});
    visit("start", start,
          FieldInfo{.help = "where it begins; auto: pgd at a random point of the ball, others at "
                            "the image",
                    .choices = {"auto", "image", "random"}});
    visit("target", target,
          FieldInfo{.help = "none (any wrong class), next, random, least-likely, or a class's "
                            "number"});
    visit("gradient", gradient,
          FieldInfo{.help = "through what it goes: samples (as many as --samples, new ones at "
                            "every step), one sample, or the mean; auto: as --mode",
                    .choices = {"auto", "samples", "one", "mean"}});
    visit("samples", samples, FieldInfo{.help = "members of a gradient", .min = 1});
    visit("precision", precision,
          FieldInfo{.help = "of the gradients' products: tf32 (on a GPU) and bf16 are faster; "
                            "judgements are float32",
                    .choices = gradient_precisions().names()});
    visit("mode", mode,
          FieldInfo{.help = "how the networks predict when they are judged",
                    .choices = {"ensemble", "deterministic"}});
    visit("judge_samples", judge_samples,
          FieldInfo{.help = "members that judge, by noise that no gradient saw", .min = 1});
    visit("judge_every", judge_every,
          FieldInfo{.help = "steps between judgements; 0: before the first and after the last",
                    .min = 0});
    visit("images", images,
          FieldInfo{.help = "attacked: the first so many of the split; 0: all [200 at most with "
                            "--sanity]",
                    .min = 0});
    visit("split", split, FieldInfo{.help = "images", .choices = {"test", "validation", "train"}});
    visit("seed", seed, seed_info("of all noise, starts and random targets"));
    visit("batch", batch,
          FieldInfo{.help = "images at a time, and lost at most when interrupted; 0: as many as "
                            "fit",
                    .min = 0});
    visit("epoch", epoch, FieldInfo{.help = "of run folders: last, best, or an epoch"});
    DataChoice::visit_fields(visit);
    visit("out", out,
          FieldInfo{.help = "the result, a JSON file; others get its name with their own endings "
                            "[RUN/attacks/NAME.json]"});
    visit("overwrite", overwrite, FieldInfo{.help = "replace a file that --out names"});
    visit("save", save,
          FieldInfo{.help = "keep the attacked images and what became of each (HDF5)"});
    visit("grid", grid,
          FieldInfo{.help = "a picture (PNG) of the first images, the attacked ones, and their "
                            "difference"});
    visit("sanity", sanity,
          FieldInfo{.help = "whether the attack can be trusted: checks for masked gradients in "
                            "place of the attack"});
    DeviceChoice::visit_fields(visit);
  }
};

/// What one judge took the images for.
struct JudgedAttack {
  std::string name;
  std::int64_t networks = 1;
  std::vector<AttackPoint> points;  // by judged step
};

struct SanityRow {
  std::string name;
  bool passed = false;
  std::string found;
};

struct AttackRunsResult {
  AttackRequest attack;
  std::string mode, split;
  std::int64_t judge_samples = 0;
  std::int64_t networks = 1;            // that are attacked
  std::int64_t images = 0;              // attacked
  std::int64_t gradients_an_image = 0;  // evaluations through one network
  double linf = 0, l2 = 0;              // mean distance of the images, pixel units
  std::vector<JudgedAttack> judges;     // the attacked ones first
  std::size_t against = 0;              // which of them the others are compared with
  std::vector<SanityRow> sanity;        // of --sanity; nothing else is then made
  Json data;                            // as trained_images says it
  std::string stem;                     // of the files, without an ending; "": nothing is kept
  std::vector<std::string> unwritten;   // why a file beside the result is missing
  /// Where the job was asked to end: images that are done; the same request goes on from there.
  std::optional<std::int64_t> interrupted;

  bool is_sane() const;
};

/// What is written as JSON, and a row a judge and step.
Json to_json(const AttackRunsResult& result);
std::string to_csv(const AttackRunsResult& result);

/// Attacks, and writes the result beside the run's others. Finished batches are kept until all are done: the same
/// request goes on from them, with the same bits.
/// @throws Error usage, io, format, shape naming the file or flag, before any work; device; numeric.
AttackRunsResult attack_runs(const AttackRunsRequest& request, Job& job);

}  // namespace varphase
