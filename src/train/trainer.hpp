// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "src/base/stopwatch.hpp"
#include "src/distributed/communicator.hpp"
#include "src/distributed/gradient_buckets.hpp"
#include "src/models/network.hpp"
#include "src/torch/device_images.hpp"
#include "src/train/optimizer.hpp"
#include "src/train/train_config.hpp"

namespace varphase {

/// The result of one pass over the training images. Sums are in nats over all N of them.
struct EpochReport {
  std::int64_t epoch = 0;  // epochs completed
  bool complete = true;    // false: stopped in the middle by request
  double learning_rate = 0;
  double kl_weight = 1;
  double nll = 0;  // one noise draw per image, each with the weights of its own step
  double kl = 0;   // at the end of the epoch
  double elbo = 0;
  /// mean over a layer's kept weights, by layer; not zero_centred
  std::map<std::string, double> log_alpha;
  std::map<std::string, double> sparsity;  // share of a layer's weights dropped, by masked layer
  double seconds = 0;
  double images_per_second = 0;
};

/// Trains a network, on the device where it lies, with the optimizer and the schedules of its configuration. With N
/// training images, batches of B and the KL weight beta of the epoch, a step goes down
///
///     (N / B) sum_batch cross entropy + beta KL
///
/// Weights that a layer's mask drops stay as they are, and their moments stay 0. Masks are set before the first epoch;
/// after that drop() and prune() change them.
///
/// On a GPU the whole step (gather, forward, backward, optimizer) is recorded once as a CUDA graph and replayed; on a
/// CPU it runs as it is. The order of images and all noise are functions of (seed, epoch, example), so a resumed run
/// equals one that never stopped, and the batch size does not change the noise. Source: docs/math.md, "Objective".
///
/// Several ranks train one network: each takes its rows of every batch, batch norm's statistics are of the whole batch,
/// and gradients are summed over the ranks, all of which then make the same step. All ranks make the same calls. With
/// the same number of ranks the bits are the same run after run; with another, sums are made in another order.
class Trainer {
 public:
  /// @param ranks  who trains together, must outlive this; null: this process alone
  /// @throws Error usage as check_training, or where there are more ranks than images in a batch.
  Trainer(Network& network, const DeviceImages& images, const TrainConfig& config,
          Communicator* ranks = nullptr);
  ~Trainer();

  std::int64_t epoch() const { return epoch_; }
  std::int64_t step() const { return step_; }
  std::int64_t steps_per_epoch() const { return steps_per_epoch_; }

  /// Runs one epoch, or the rest of an interrupted one.
  /// @param advanced  is told the number of images of each step
  /// @param stop  when it becomes true, the epoch ends after the running step
  /// @throws Error numeric, naming step and layer, where the loss is no longer finite.
  EpochReport run_epoch(const std::function<void(std::int64_t images)>& advanced,
                        const std::atomic<bool>& stop);

  /// The same in pieces, for several trainers that share a device: begin_epoch, then run_step until it says that the
  /// epoch is over or one stops earlier, then end_epoch. On a GPU run_step only queues the step.
  void begin_epoch();
  /// @return whether the epoch has another step @throws Error numeric as run_epoch, on a CPU.
  bool run_step();
  EpochReport end_epoch();

  /// Brings all ranks to where rank 0 is: position, weights, masks, optimizer. begin_epoch does so too.
  void synchronize();

  /// Weights, optimizer and position. The caller adds configuration, metrics and provenance.
  Snapshot snapshot() const;
  void restore(const Snapshot& snapshot);

  /// Between epochs: drops the weights that `kept` does not keep, for good, in a layer that has a mask.
  /// @param kept  bool, the weight's shape
  void drop(VarianceLayer& layer, const at::Tensor& kept);

  /// Between epochs: leaves floor(sparsity * count) weights of each variance layer dropped. These are the ones that
  /// were dropped before, then those of lowest score, equal ones by flat index. Every layer has a mask from the first
  /// epoch on if train.prune_sparsity says that weights will be dropped.
  /// @param score  gives the scores of a layer's weights, any shape with as many entries; not NaN
  void prune(double sparsity, const std::function<at::Tensor(const VarianceLayer& layer)>& score);

  /// By layer, the mean log alpha over its kept weights; layers without means have none.
  std::map<std::string, double> log_alpha() const;
  /// By layer that has a mask, the share of its weights that is dropped.
  std::map<std::string, double> sparsity() const;
  /// The KL of all variance layers in nats, computed in float64.
  double kl() const;

 private:
  struct Step;  // the tensors that a step reads and writes on the device

  std::int64_t step_in_epoch() const { return step_ - epoch_ * steps_per_epoch_; }
  void take_step();
  /// take_step that leaves all as it was where another rank is gone in the middle of it. On a CPU.
  void take_step_or_none();
  std::vector<at::Tensor> summed_gradients(const at::Tensor& loss);
  /// The sum over all images seen in this epoch, of all ranks.
  double epoch_nll();
  void set_schedule();
  void start_epoch_order();
  void project();
  void check_finite() const;
  void check_parameters() const;
  std::string first_not_finite() const;

  Network& network_;
  const DeviceImages& images_;
  TrainConfig config_;
  Communicator* ranks_;  // null where this process trains alone
  std::int64_t rows_;    // of each batch, this rank's
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<GradientBuckets> buckets_;
  std::int64_t steps_per_epoch_;
  std::int64_t epoch_ = 0;       // completed
  std::int64_t step_ = 0;        // completed, over all epochs
  std::int64_t first_step_ = 0;  // of the running epoch, by this trainer
  Stopwatch epoch_clock_;
  std::unique_ptr<Step> state_;
};

}  // namespace varphase
