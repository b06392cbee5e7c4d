// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "src/base/registry.hpp"
#include "src/base/snapshot.hpp"
#include "src/models/network.hpp"
#include "src/train/train_config.hpp"

namespace varphase {

/// An optimizer made of LibTorch's fused kernels, with one learning rate for weights and one for the parameters of
/// variances. The rates lie on the device, where a captured step reads those of the current epoch. Weight decay applies
/// to weights alone.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  void set_rates(double weights, double variances);
  /// @param gradients  in the order of network.parameters(), each in its parameter's shape
  void step(const std::vector<at::Tensor>& gradients);

  /// Whether learning rates are meant for the loss divided by the number of training images, as SGD's are. Adam's steps
  /// do not depend on the loss's scale, but for epsilon.
  virtual bool wants_mean_loss() const { return false; }

  void store(Snapshot& snapshot) const;
  /// @throws Error format where a parameter's state is missing, shape where it has another shape.
  void load(const Snapshot& snapshot);

  /// Sets the moments of a parameter's dropped entries to 0, so that steps leave these entries where they are.
  /// @param kept  bool, the parameter's shape
  /// @throws Error shape where there is no such parameter.
  void forget_dropped(const std::string& parameter, const at::Tensor& kept);

  /// All tensors that a step changes, which are put back after a warm-up.
  std::vector<at::Tensor> state() const;

 protected:
  struct Group {
    Role role = Role::weight;
    std::vector<std::size_t> members;  // positions in network.parameters()
    std::vector<std::string> names;
    std::vector<at::Tensor> parameters, steps;
    std::vector<std::vector<at::Tensor>> moments;  // by moment, then by parameter
    // The same memory cut into flat pieces: LibTorch's fused kernels use one block of threads per 65,536 entries of a
    // tensor, which leaves most of a GPU idle where one layer is most of a network.
    std::int64_t piece = 0;  // entries
    std::vector<at::Tensor> piece_parameters, piece_steps;
    std::vector<std::vector<at::Tensor>> piece_moments;
    at::Tensor rate_on_device;
    double rate = 0;

    bool in_pieces() const { return rate_on_device.is_cuda(); }
  };

  /// @param moments  names of the arrays kept for each parameter, as files have them
  Optimizer(const Network& network, const TrainConfig& config, std::vector<std::string> moments);

  /// One step of a group. @param gradients  of its pieces where in_pieces(), else of its members
  virtual void update(Group& group, const std::vector<at::Tensor>& gradients) = 0;

  const TrainConfig& config() const { return config_; }
  double weight_decay(const Group& group) const {
    return group.role == Role::weight ? config_.weight_decay : 0.0;
  }

 private:
  TrainConfig config_;
  std::vector<std::string> moment_names_;
  Group groups_[2];  // by Role
};

using OptimizerFactory = std::unique_ptr<Optimizer> (*)(const Network& network,
                                                        const TrainConfig& config);
/// All optimizers by the name that a configuration gives them.
const Registry<OptimizerFactory>& optimizers();

std::unique_ptr<Optimizer> make_adam(const Network& network, const TrainConfig& config);
std::unique_ptr<Optimizer> make_sgd(const Network& network, const TrainConfig& config);

}  // namespace varphase
