// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analysis/predict/metric_values.hpp"
#include "src/base/config.hpp"
#include "tools/app/data_choice.hpp"
#include "tools/app/device_choice.hpp"
#include "tools/app/example_predictions.hpp"
#include "tools/app/job.hpp"
#include "tools/app/metric_tables.hpp"

namespace varphase {

/// How good are networks, side by side?
struct EvaluateRequest : DeviceChoice, DataChoice {
  TextList paths;
  bool together = false;
  std::string epoch = "last";
  std::int64_t samples = 50;
  std::int64_t seed = 1;
  std::string split = "test";
  std::string out;
  bool overwrite = false;
  std::string form = "auto";
  TextList metrics;
  std::int64_t resamples = 1000;
  std::string against;
  TextList ood;
  TextList set;

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("paths", paths,
          FieldInfo{.help = "runs, RUN@EPOCH, checkpoints, pruned files; a run of several members "
                            "stands for all of them"});
    visit("together", together,
          FieldInfo{.help = "also the networks' predictions averaged: an ensemble of networks"});
    visit("epoch", epoch, FieldInfo{.help = "of run folders: last, best, or an epoch"});
    visit("samples", samples, FieldInfo{.help = "members of the ensemble", .min = 1});
    visit("seed", seed, seed_info("of the evaluation noise"));
    visit("split", split, FieldInfo{.help = "images", .choices = {"test", "validation", "train"}});
    visit("out", out,
          FieldInfo{.help = "also write the result as JSON, or the table of networks as CSV where "
                            "the name ends in .csv [RUN/evaluations/NAME.json for files in "
                            "RUN/pruned; NAME_metrics.json with --metrics or --ood]"});
    visit("overwrite", overwrite, FieldInfo{.help = "replace a file that --out names"});
    visit("form", form,
          FieldInfo{.help = "how pruned layers are computed: auto (whichever is the fastest), "
                            "dense, csr or compact; a given form gives the same bits at every "
                            "run"});
    DataChoice::visit_fields(visit);
    visit("metrics", metrics,
          FieldInfo{.help = "tables of metrics: all, or some of cls (classification), cal "
                            "(calibration), sc (selective prediction), ood"});
    visit("resamples", resamples,
          FieldInfo{.help = "of the images, for the 95 % intervals of --metrics; 0: no intervals",
                    .min = 0,
                    .max = 1e6});
    visit("against", against,
          FieldInfo{.help = "the network that the others are compared with in --metrics, way of "
                            "prediction by way of prediction: its name in the table or its "
                            "number, from 1 [all with the table's first prediction]"});
    visit("ood", ood,
          FieldInfo{.help = "another data set, whose images are to be told from the network's own "
                            "by how unsure it is of them: a name, a folder or file; again for "
                            "more"});
    visit("set", set,
          FieldInfo{.help = "data.field=value of how the files of --ood are read, where not as the "
                            "run had it",
                    .recorded = true});
    DeviceChoice::visit_fields(visit);
  }
};

/// How a pruned layer was run: what each form takes, and the one that computed.
struct LayerExecution {
  std::string layer;
  double sparsity = 0;
  std::string form;
  std::map<std::string, std::int64_t> bytes;  // by form
  std::optional<std::int64_t> images;         // of the batch that was measured; none: not measured
  std::map<std::string, double> seconds;      // of such a batch, by form
};

/// By estimator: "deterministic", "stochastic", "ensemble", "zero_mean".
using MetricsByEstimator = std::map<std::string, Metrics>;

struct EvaluatedNetwork {
  std::string name, path;
  std::int64_t bytes = 0;  // of the file
  std::int64_t images = 0;
  Json data;  // as trained_images says it
  std::int64_t weights = 0, nonzero = 0;
  double layer_sparsity = 0;                             // of the pruned layers' weights together
  double network_sparsity = 0;                           // of all weights
  std::string criterion, repair;                         // of a pruned file, as `prune` was told
  std::optional<std::vector<LayerExecution>> execution;  // of a pruned file
  MetricsByEstimator metrics;
  std::optional<ExamplePredictions> examples;  // beside tables
  // Accuracy less that of the first network by the same estimator, over the same images, in their order. Empty of the
  // first itself, and where the images are others.
  std::map<std::string, PairedDifference> difference;
};

struct EvaluateResult {
  struct Together {
    std::int64_t networks = 0;
    std::map<std::string, double> mutual_information;  // nats, by estimator
    MetricsByEstimator metrics;
  };

  std::int64_t samples = 0, seed = 0;
  std::string split;
  std::vector<EvaluatedNetwork> entries;
  std::optional<Together> together;
  std::optional<MetricTables> tables;  // of --metrics, --ood
  std::vector<std::string> unwritten;  // why a file beside the result is missing
};

/// What is written as JSON.
Json to_json(const EvaluateResult& result);
/// A line a network, and one for all of them together: "name,path,split,...,accuracy_ensemble,...".
std::string to_csv(const EvaluateResult& result);

/// @throws Error usage, io, format, shape naming the file; device; numeric.
EvaluateResult evaluate(const EvaluateRequest& request, Job& job);

}  // namespace varphase
