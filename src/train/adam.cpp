// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_fused_adam.h>

#include "src/train/optimizer.hpp"

namespace varphase {
namespace {

/// Adam (Kingma & Ba, 2015), PyTorch's torch.optim.Adam: weight decay is added to the gradient.
class Adam final : public Optimizer {
 public:
  Adam(const Network& network, const TrainConfig& config)
      : Optimizer(network, config, {"exp_avg", "exp_avg_sq"}) {}

 private:
  void update(Group& group, const std::vector<at::Tensor>& gradients) override {
    at::_foreach_add_(group.steps, 1);
    if (group.in_pieces()) {
      at::_fused_adam_(group.piece_parameters, gradients, group.piece_moments[0],
                       group.piece_moments[1], {}, group.piece_steps, group.rate_on_device,
                       config().beta1, config().beta2, weight_decay(group), config().epsilon, false,
                       false, {}, {});
    } else {
      at::_fused_adam_(group.parameters, gradients, group.moments[0], group.moments[1], {},
                       group.steps, group.rate, config().beta1, config().beta2, weight_decay(group),
                       config().epsilon, false, false, {}, {});
    }
  }
};

}  // namespace

std::unique_ptr<Optimizer> make_adam(const Network& network, const TrainConfig& config) {
  return std::make_unique<Adam>(network, config);
}

}  // namespace varphase
