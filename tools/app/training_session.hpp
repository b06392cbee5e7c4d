// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <c10/core/StreamGuard.h>

#include "checkpoints/snapshot_writer.hpp"
#include "src/base/text_table.hpp"
#include "src/base/time_estimate.hpp"
#include "src/torch/device_images.hpp"
#include "src/train/trainer.hpp"
#include "tools/app/loaded_network.hpp"
#include "tools/app/metrics_file.hpp"
#include "tools/app/provenance.hpp"
#include "tools/app/resume_point.hpp"
#include "tools/app/run_folder.hpp"
#include "tools/cli/options.hpp"

namespace varphase {

/// The images of one or several runs, read once and put on the device once.
struct SessionImages {
  SessionImages(Dataset read, at::Device device);
  Dataset dataset;
  DeviceImages train, test, validation;
};

/// A file that a training begins with in place of the spec's own draws.
struct InitialWeights {
  std::filesystem::path file;
  bool variances = true;  // of a checkpoint: whether log alpha is taken too
  bool pruned = false;    // a pruned file: what it dropped stays dropped
};

/// take_weights or load_trainable of that file, in place. @return what was taken, to be told.
/// @throws Error naming the file.
std::string take_initial_weights(Network& network, const InitialWeights& from);

/// A run's state between epochs: network, trainer, checkpoint writer, metrics file, table. Sessions
/// that share a GPU get a stream of their own each; what they compute is the same with and without.
class TrainingSession {
 public:
  /// @param label  of a member of an ensemble ("03"), else ""
  TrainingSession(RunFolder run, RunConfig config, const SessionImages& images,
                  const Options& options, at::Device device, const std::string& label,
                  bool own_stream);

  /// Goes on from there.
  /// @param changed_data  as check_same_images said it
  void resume(const ResumePoint& point, const std::string& changed_data);
  /// Begins with another network's weights, and says which.
  void begin_with(const InitialWeights& from);
  /// Writes environment.json and, where there is no checkpoint yet, the first one.
  void start();

  const std::string& label() const { return label_; }
  const TextTable& table() const { return table_; }
  const std::filesystem::path& folder() const { return run_.path(); }
  std::int64_t batch_size() const { return config_.train.batch_size; }
  std::int64_t epoch() const { return trainer_->epoch(); }
  std::int64_t epochs() const { return config_.train.epochs; }
  std::int64_t steps_per_epoch() const { return trainer_->steps_per_epoch(); }
  std::int64_t steps_left() const;
  /// An evaluation's seconds as a share of those of each step; none before the first one.
  std::optional<double> evaluation_a_step() const;
  bool done() const { return trainer_->epoch() >= config_.train.epochs; }
  /// Whether evaluations are due after the epoch that ended last.
  bool evaluates() const { return is_due(config_.train.evaluate_every, epoch()); }

  void begin_epoch();
  /// @return whether the epoch has a further step. @throws Error numeric, with the last good
  /// checkpoint.
  bool step();
  /// Evaluates and saves where these are due, and prints a row. @return false where the epoch was
  /// stopped in its middle.
  bool end_epoch();
  void interrupted();
  void finish();

 private:
  bool is_due(std::int64_t every, std::int64_t epoch) const {
    return epoch % every == 0 || epoch == config_.train.epochs;
  }
  std::string prefixed(const std::string& message) const;
  Error with_last_checkpoint(const Error& error);
  Snapshot complete(Snapshot snapshot, const std::map<std::string, double>& metrics) const;
  void first_checkpoint();
  /// Of the test images, and of the validation images where there are any.
  SplitMetrics evaluate();
  /// Drops weights where the schedule says so.
  void drop_weights(EpochReport& report);
  void finish_epoch(EpochReport report);

  RunFolder run_;
  RunConfig config_;
  const Options& options_;
  at::Device device_;
  std::string label_;
  const SessionImages& images_;
  std::optional<c10::Stream> stream_;
  Network network_;
  std::unique_ptr<Trainer> trainer_;
  std::map<std::string, std::string> provenance_;
  bool resumed_ = false;
  MetricsFile metrics_file_;
  std::optional<double> evaluation_seconds_;
  TextTable table_;  // as start() makes it: a column more where weights are dropped
  SnapshotWriter writer_;
};

/// What is left of sessions that train together, and of so many more that come after them.
LongWork work_of(const std::vector<TrainingSession*>& sessions, std::int64_t further);

/// Trains sessions to their end, step by step in turn. A session whose loss is no longer finite
/// ends alone where there are several.
/// @return an exit code: success, interrupted (all are saved), or numeric where a session ended so
/// @throws Error numeric where there is one session
int run_sessions(const std::vector<TrainingSession*>& sessions, bool quiet, TimeEstimate& estimate,
                 const std::atomic<bool>& stop);

}  // namespace varphase
