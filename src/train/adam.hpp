// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

#include "checkpoints/snapshot.hpp"
#include "src/models/network.hpp"
#include "src/train/train_config.hpp"

namespace varphase {

/// Adam (Kingma & Ba, 2015) over LibTorch's fused kernel, with one learning rate for weights and
/// one for the variances' parameters. The rates live on the device, so that a captured step reads
/// today's.
class Adam {
 public:
  Adam(const Network& network, const TrainConfig& config);

  void set_rates(double weights, double variances);
  /// @param gradients in the order of network.parameters()
  void step(const std::vector<at::Tensor>& gradients);

  void store(Snapshot& snapshot) const;
  /// @throws Error format where moments of a parameter are missing.
  void load(const Snapshot& snapshot);

  /// All tensors that a step changes, to be put back after a warm-up.
  std::vector<at::Tensor> state() const;

 private:
  struct Group {
    std::vector<std::size_t> members;  // positions in network.parameters()
    std::vector<std::string> names;
    std::vector<at::Tensor> parameters, exp_avg, exp_avg_sq, steps;
    // The same memory as flat pieces: LibTorch's fused kernel gives a tensor one block for 65,536
    // entries, which leaves most of a GPU idle where a layer is large.
    std::vector<at::Tensor> piece_parameters, piece_exp_avg, piece_exp_avg_sq, piece_steps;
    at::Tensor rate_on_device;
    double rate = 0;
  };

  static void cut_into_pieces(Group& group);
  static std::vector<at::Tensor> gradient_pieces(const Group& group,
                                                 const std::vector<at::Tensor>& gradients);

  TrainConfig config_;
  Group groups_[2];  // by Role
};

}  // namespace varphase
