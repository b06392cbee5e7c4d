// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include <c10/core/StreamGuard.h>

#include "checkpoints/snapshot_writer.hpp"
#include "src/train/trainer.hpp"
#include "tools/app/initial_weights.hpp"
#include "tools/app/metrics_file.hpp"
#include "tools/app/resume_point.hpp"
#include "tools/app/run_folder.hpp"
#include "tools/app/train_job.hpp"
#include "tools/app/training_images.hpp"
#include "tools/app/training_kappa.hpp"

namespace varphase {

/// Trains a network and keeps it as a run: checkpoints, metrics.csv, environment.json. Those that
/// share a GPU get a stream of their own each; what they compute is the same with and without.
class RunTrainer {
 public:
  /// @param member  of several ("03"), else ""
  /// @param job  told of each epoch, must outlive this
  /// @param ranks  who trains it together, of whom the first evaluates and writes; null: this process alone
  RunTrainer(RunFolder run, RunConfig config, const TrainingImages& images, at::Device device,
             std::string member, bool own_stream, TrainJob& job, Communicator* ranks = nullptr);

  /// Continues from a checkpoint.
  /// @param changed_data  what check_same_images returned: how the images differ from the checkpoint's, "" if not
  void resume(const ResumePoint& point, const std::string& changed_data);
  /// Begins with another network's weights, and says which.
  void begin_with(const InitialWeights& from);
  /// Writes environment.json and, where there is no checkpoint yet, the first one.
  /// @throws Error usage where another rank has other images.
  void start();

  const std::filesystem::path& folder() const { return run_.path(); }
  const std::string& member() const { return member_; }
  /// As start() leaves them: a column more where weights are dropped.
  EpochColumns columns() const { return {!member_.empty(), !trainer_->sparsity().empty()}; }
  std::int64_t batch_size() const { return config_.train.batch_size; }
  std::int64_t epoch() const { return trainer_->epoch(); }
  std::int64_t epochs() const { return config_.train.epochs; }
  std::int64_t steps_per_epoch() const { return trainer_->steps_per_epoch(); }
  std::int64_t steps_left() const;
  /// Seconds of an evaluation, and of a kappa map where these are made, divided by the steps between two; none before
  /// the first evaluation.
  std::optional<double> evaluation_a_step() const;
  bool done() const { return trainer_->epoch() >= config_.train.epochs; }
  /// Whether evaluations are due after the epoch that ended last.
  bool evaluates() const { return is_due(config_.train.evaluate_every, epoch()); }
  /// The last epoch that was evaluated; none: not since this was made.
  const std::optional<EpochRow>& last_evaluated() const { return last_evaluated_; }

  void begin_epoch();
  /// @return whether the epoch has a further step. @throws Error numeric, with the last good
  /// checkpoint.
  bool step();
  /// Evaluates and saves a checkpoint where these are due, and gives the epoch's row to the job. @return false where
  /// the epoch was stopped before its last step.
  bool end_epoch();
  /// Saves a checkpoint within the epoch. @return what TrainResult::stopped lists of it
  StoppedTraining stop();
  void finish();
  /// Whether what stop() would save is whole though a step failed: on a CPU, where such a step leaves nothing behind.
  bool is_between_steps() const { return device_.is_cpu(); }
  /// Who trains it together; null: this process alone.
  Communicator* ranks() const { return ranks_; }

 private:
  /// Whether this rank is the one that evaluates and writes.
  bool keeps() const { return ranks_ == nullptr || ranks_->first(); }
  bool is_due(std::int64_t every, std::int64_t epoch) const {
    return epoch % every == 0 || epoch == config_.train.epochs;
  }
  std::string prefixed(const std::string& message) const;
  Error with_last_checkpoint(const Error& error);
  Error words_of_first(const Error& error);
  Snapshot complete(Snapshot snapshot, const std::map<std::string, double>& metrics) const;
  void first_checkpoint();
  void check_same_images() const;
  /// Of the test images, and of the validation images where there are any.
  /// @param ranks  who share the images; null: this process alone
  SplitMetrics evaluate(Communicator* ranks);
  /// The kappa map of the checkpoint that was given to the writer last, where one is due and none was computed ahead.
  void make_kappa(std::int64_t epoch);
  /// Drops weights where the schedule says so.
  void drop_weights(EpochReport& report);
  EpochRow row_of(const EpochReport& report, const SplitMetrics& evaluated) const;
  void finish_epoch(EpochReport report);
  /// @param write_map  writes the epoch's kappa map behind its checkpoint; may be empty
  void keep_epoch(const EpochReport& report, const SplitMetrics& evaluated,
                  const std::function<void()>& write_map);

  RunFolder run_;
  RunConfig config_;
  at::Device device_;
  std::string member_;
  TrainJob& job_;
  Communicator* ranks_;
  const TrainingImages& images_;
  std::optional<c10::Stream> stream_;
  Network network_;
  std::unique_ptr<Trainer> trainer_;
  std::map<std::string, std::string> provenance_;
  bool resumed_ = false;
  MetricsFile metrics_file_;
  std::optional<double> evaluation_seconds_;
  std::optional<EpochRow> last_evaluated_;
  TrainingKappa kappa_;
  SnapshotWriter writer_;
};

}  // namespace varphase
