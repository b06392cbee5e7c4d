// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <fmt/ranges.h>

#include "src/base/config.hpp"
#include "src/models/presets.hpp"
#include "tools/app/device_choice.hpp"
#include "tools/app/job.hpp"

namespace varphase {

/// Trains one network, or several of one configuration, into a run folder; or goes on with it.
struct TrainRequest : DeviceChoice {
  std::string run;
  std::string preset;
  std::string config;
  std::string network;
  TextList set;
  std::string init;
  std::optional<double> initial_log_alpha;
  std::optional<std::int64_t> members;
  std::int64_t side_by_side = 1;
  bool resume = false;
  bool accept_changed_data = false;
  bool overwrite = false;
  bool restarted = false;  // by torchrun after a failure: goes on with the run of its first start

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("run", run, FieldInfo{.help = "the run folder to make or to resume"});
    visit("preset", preset,
          FieldInfo{.help = fmt::format("a configuration that comes with the program: {}",
                                        fmt::join(preset_names(), ", "))});
    visit("config", config,
          FieldInfo{.help = "a configuration file (JSON), such as a run's config.json"});
    visit("network", network, FieldInfo{.help = "a network spec (JSON) of your own"});
    visit("set", set, FieldInfo{.help = "name=value of the configuration, such as train.epochs=3"});
    visit("init", init,
          FieldInfo{.help = "begin with the weights of this run, RUN@EPOCH or checkpoint; a plain "
                            "layer's become the means of the variance layer at its place"});
    visit("initial_log_alpha", initial_log_alpha,
          FieldInfo{.help = "first log alpha of all variance layers, in place of the network's "
                            "(and of --init's)",
                    .min = -20,
                    .max = 20});
    visit("members", members,
          FieldInfo{.help = "train so many networks into RUN/members/NN, with seed, seed + 1, ...",
                    .min = 1,
                    .max = 1000});
    visit("side_by_side", side_by_side,
          FieldInfo{.help = "members that a GPU trains at once; results do not depend on it",
                    .min = 1,
                    .max = 8});
    visit("resume", resume,
          FieldInfo{.help = "go on from the newest checkpoint, bit for bit; of members: whichever "
                            "is not done"});
    visit("accept_changed_data", accept_changed_data,
          FieldInfo{.help = "of --resume: go on although the images are not those that were "
                            "trained on"});
    visit("overwrite", overwrite, FieldInfo{.help = "replace a run that is there"});
    DeviceChoice::visit_fields(visit);
  }
};

/// A network's metrics on the test images, as docs/math.md has them.
struct TestScores {
  double accuracy_deterministic = 0;  // a share
  double accuracy_stochastic = 0;
  double accuracy_ensemble = 0;
  double accuracy_zero_mean = 0;
  double nll_ensemble = 0;  // nats an image
};

/// What an epoch gave.
struct EpochRow {
  std::string member;  // "03"; empty where one network is trained
  std::int64_t epoch = 0;
  double nll = 0;  // nats, sum over the training images
  double kl = 0;
  std::optional<double> log_alpha;   // largest of the layers' means; none: no layer has one
  std::optional<TestScores> scores;  // none: not evaluated after this epoch
  std::optional<double> dropped;  // share of the masked layers' weights; none: no layer has a mask
  double images_per_second = 0;
};

/// Which rows are to come.
struct EpochColumns {
  bool member = false;
  bool dropped = false;
};

/// A run that begins, with its first checkpoint written.
struct TrainingStart {
  std::string run;
  std::int64_t training_images = 0;
  std::int64_t validation_images = 0;
  std::int64_t test_images = 0;
  std::int64_t weights = 0;
  std::string device;           // its name
  double checkpoint_bytes = 0;  // with optimizer state
  double all_bytes = 0;         // of all checkpoints, about
};

/// Receives the events of a training as they happen; whoever wants none of them uses it as it is.
class TrainJob : public Job {
 public:
  /// What a person should know where notes are not wanted either: images that are left out, what a
  /// resumed run goes on with.
  virtual void remark(const std::string& /*text*/) {}
  /// Which file's weights a run begins with.
  virtual void begins_with(const std::string& /*text*/) {}
  virtual void started(const TrainingStart& /*start*/) {}
  /// Rows follow: of one network, or of members that train side by side.
  virtual void rows_begin(const EpochColumns& /*columns*/) {}
  virtual void epoch_ended(const EpochRow& /*row*/) {}
  /// The loss of one of several members is no longer finite: it ends, the others go on.
  virtual void diverged(const std::string& /*member*/) {}
};

/// A member's last evaluated epoch, as its metrics.csv has it.
struct MemberScores {
  std::string member;
  std::int64_t seed = 0;
  std::int64_t epoch = 0;
  TestScores scores;
};

/// A training that was interrupted, and the step at which it saved its checkpoint.
struct StoppedTraining {
  std::string member;  // of several networks, "03"; else ""
  std::int64_t step = 0;
};

struct TrainResult {
  std::string run;
  std::int64_t epochs = 0;               // that the run is of
  bool finished_before = false;          // nothing was left to train
  bool diverged = false;                 // some member's loss was no longer finite
  std::vector<StoppedTraining> stopped;  // empty: trained to the end
  std::optional<EpochRow> last;          // of one network: its last evaluated epoch
  std::vector<MemberScores> members;     // of several, trained to the end
};

/// @throws Error usage, io, format, shape, device before anything is written; numeric, naming the
/// last good checkpoint, where the loss of a run's one network is no longer finite.
TrainResult train(const TrainRequest& request, TrainJob& job);

}  // namespace varphase
