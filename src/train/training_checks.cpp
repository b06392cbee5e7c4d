// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/train/training_checks.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/where.h>

namespace varphase {
namespace {

constexpr double kLargestLogAlpha = 20;  // every parameterization's own bound

bool trains_log_alpha(const VarianceLayer& layer) {
  return layer.parameterization().theta_name() == "log_alpha";
}

}  // namespace

void check_training(const TrainConfig& config, std::int64_t images) {
  VARPHASE_CHECK(config.batch_size <= images, ErrorKind::usage,
                 "train.batch_size {} is more than the {} training images", config.batch_size,
                 images);
  VARPHASE_CHECK(config.optimizer != "sgd" || !config.nesterov || config.momentum > 0,
                 ErrorKind::usage, "train.nesterov wants train.momentum over 0, got {}",
                 config.momentum);
  const std::int64_t last = config.prune_end > 0 ? config.prune_end : config.epochs;
  VARPHASE_CHECK(
      config.prune_sparsity == 0 || (config.prune_begin < last && last <= config.epochs),
      ErrorKind::usage,
      "train.prune_sparsity {}: wants prune_begin before prune_end and both within the {} epochs, "
      "got {} and {}",
      config.prune_sparsity, config.epochs, config.prune_begin, last);
}

void check_batch_norm(const TrainConfig& config, const Network& network) {
  if (config.batch_size > 1) return;
  for (Layer* layer : network.modules()) {
    if (layer->as_batch_norm() == nullptr) continue;
    const Shape shape = layer->output_shape();
    VARPHASE_CHECK(
        element_count(shape) > shape[0], ErrorKind::usage,
        "train.batch_size {}: {} normalizes by the variance of a channel's values in the batch, "
        "and "
        "one image gives it one value a channel (PyTorch: expected more than 1 value per channel "
        "when training)\n  batch sizes from 2 on work, and no batch is smaller than the others: a "
        "rest that fills none is left out of its epoch",
        config.batch_size, layer->name());
  }
}

void check_log_alpha_max(const TrainConfig& config, const Network& network) {
  if (config.log_alpha_max >= kLargestLogAlpha) return;
  bool any = false;
  for (const VarianceLayer* layer : network.variance_layers()) {
    if (!trains_log_alpha(*layer)) continue;
    any = true;
    const auto largest = layer->theta().max().item<double>();
    VARPHASE_CHECK(largest <= static_cast<float>(config.log_alpha_max), ErrorKind::usage,
                   "{} begins with log alpha {}, over train.log_alpha_max {}\n  "
                   "--initial-log-alpha sets the first value",
                   layer->name(), largest, config.log_alpha_max);
  }
  VARPHASE_CHECK(
      any, ErrorKind::usage,
      "train.log_alpha_max is for variance layers that train log alpha, and this network "
      "has none");
}

void check_masks(const TrainConfig& config, const Network& network) {
  const bool prunes = config.prune_sparsity > 0;
  VARPHASE_CHECK(!prunes || !network.variance_layers().empty(), ErrorKind::usage,
                 "train.prune_sparsity {}: this network has no variance layer to drop weights of",
                 config.prune_sparsity);
  for (const VarianceLayer* layer : network.variance_layers()) {
    VARPHASE_CHECK(
        !prunes || config.prune_criterion != "magnitude" || layer->parameterization().has_mean(),
        ErrorKind::usage, "train.prune_criterion magnitude: the means of {} are all zero",
        layer->name());
    if (!prunes && !layer->mask().defined()) continue;
    VARPHASE_CHECK(config.optimizer != "adam" || config.epsilon > 0, ErrorKind::usage,
                   "{} has dropped weights, whose gradients are 0: train.epsilon wants more than 0",
                   layer->name());
    if (!layer->mask().defined()) continue;
    const bool keeps_means =
        at::where(layer->mask(), 0, layer->mean().detach()).ne(0).any().item<bool>();
    VARPHASE_CHECK(
        !keeps_means || config.weight_decay == 0, ErrorKind::usage,
        "{} was pruned by rule mean: train.weight_decay {} would change the means of its "
        "dropped weights\n  leave it at 0, or prune with --replace zero",
        layer->name(), config.weight_decay);
  }
}

bool bounds_log_alpha(const TrainConfig& config, const VarianceLayer& layer) {
  return config.log_alpha_max < kLargestLogAlpha && trains_log_alpha(layer);
}

}  // namespace varphase
