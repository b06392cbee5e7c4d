// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "src/base/stopwatch.hpp"
#include "src/models/network.hpp"
#include "src/torch/device_images.hpp"
#include "src/train/optimizer.hpp"
#include "src/train/train_config.hpp"

namespace varphase {

/// What one pass over the training images gave. Sums in nats over all N training images.
struct EpochReport {
  std::int64_t epoch = 0;  // epochs completed
  bool complete = true;    // false: stopped in the middle by request
  double learning_rate = 0;
  double kl_weight = 1;
  double nll = 0;  // one noise draw an image, with the weights as they were at its step
  double kl = 0;   // at the end of the epoch
  double elbo = 0;
  std::map<std::string, double>
      log_alpha;  // mean over a layer's kept weights, by layer; not zero_centred
  std::map<std::string, double> sparsity;  // share of a layer's weights dropped, by masked layer
  double seconds = 0;
  double images_per_second = 0;
};

/// Whether such a training can begin, by what one field says alone or beside others.
/// @throws Error usage where there are fewer images than a batch takes, or fields contradict each
/// other or the network.
void check_training(const TrainConfig& config, std::int64_t images);

/// @throws Error usage where a batch norm would see one value a channel, which has no variance: a
/// batch of one image behind layers whose outputs are one place. As PyTorch refuses it.
void check_batch_norm(const TrainConfig& config, const Network& network);

/// @throws Error usage where a network about to be trained begins over train.log_alpha_max, or has
/// no log alpha.
void check_log_alpha_max(const TrainConfig& config, const Network& network);

/// @throws Error usage where dropped weights would not stay as they are (epsilon 0 divides nothing
/// by nothing, weight decay moves means that were kept without a variance), and where weights are
/// to be dropped on the way that are not there or lack what they are chosen by.
void check_masks(const TrainConfig& config, const Network& network);

/// Trains a network that lies on its device by minimising (N/B) sum ce + beta KL with the
/// optimizer and schedule of its configuration. What a layer's mask drops stays as it is, its
/// moments 0; masks are to be set before the first epoch, and later changed by drop() alone.
///
/// On a GPU the whole step (gather, forward, backward, optimizer) is one captured CUDA graph; on a
/// CPU it runs eagerly. The order of images and all noise are functions of (seed, epoch, example),
/// so a resumed run equals one that never stopped, and the batch size does not change the noise.
/// Source: docs/math.md, "Objective".
class Trainer {
 public:
  /// @throws Error usage as check_training.
  Trainer(Network& network, const DeviceImages& images, const TrainConfig& config);
  ~Trainer();

  std::int64_t epoch() const { return epoch_; }
  std::int64_t step() const { return step_; }
  std::int64_t steps_per_epoch() const { return steps_per_epoch_; }

  /// One epoch, or the rest of an interrupted one. `advanced` is told of each step's images; a true
  /// `stop` ends the epoch after the running step.
  /// @throws Error numeric naming step and layer where the loss is no longer finite.
  EpochReport run_epoch(const std::function<void(std::int64_t images)>& advanced,
                        const std::atomic<bool>& stop);

  /// The same piece by piece, for trainers that share a device: begin_epoch, run_step until it says
  /// that the epoch is over or one stops, end_epoch. On a GPU a step is queued, not awaited.
  void begin_epoch();
  /// @return whether the epoch has a further step. @throws Error numeric as run_epoch, on a CPU.
  bool run_step();
  EpochReport end_epoch();

  /// Weights, optimizer and position; the caller adds config, metrics and provenance.
  Snapshot snapshot() const;
  void restore(const Snapshot& snapshot);

  /// Between epochs: drops what `kept` does not keep from a layer that has a mask, for good.
  /// @param kept bool, the weight's shape
  void drop(VarianceLayer& layer, const at::Tensor& kept);

  /// Between epochs: drops the floor(sparsity * count) weights of each variance layer that are
  /// dropped already or have the least score, ties by flat index. Layers have masks from the first
  /// epoch on where train.prune_sparsity says that weights will be dropped.
  /// @param score of a layer's weights, any shape with as many entries; not NaN
  void prune(double sparsity, const std::function<at::Tensor(const VarianceLayer& layer)>& score);

  /// log alpha by layer, KL in nats (count * KL in float64).
  std::map<std::string, double> log_alpha() const;
  std::map<std::string, double> sparsity() const;
  double kl() const;

 private:
  struct Step;  // what a step reads and writes on the device

  std::int64_t step_in_epoch() const { return step_ - epoch_ * steps_per_epoch_; }
  void set_schedule();
  void start_epoch_order();
  void project();
  void check_finite() const;
  void check_parameters() const;
  std::string first_not_finite() const;

  Network& network_;
  const DeviceImages& images_;
  TrainConfig config_;
  std::unique_ptr<Optimizer> optimizer_;
  std::int64_t steps_per_epoch_;
  std::int64_t epoch_ = 0;       // completed
  std::int64_t step_ = 0;        // completed, over all epochs
  std::int64_t first_step_ = 0;  // of the running epoch, by this trainer
  Stopwatch epoch_clock_;
  std::unique_ptr<Step> state_;
};

}  // namespace varphase
