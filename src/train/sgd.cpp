// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <ATen/ops/_fused_sgd.h>

#include "src/train/optimizer.hpp"

namespace varphase {
namespace {

/// Stochastic gradient descent, PyTorch's torch.optim.SGD without dampening:
///
///     g = gradient + weight_decay * w;  b = momentum * b + g;  g = nesterov ? g + momentum * b : b
///     w = w - rate * g
///
/// b starts at 0, which gives PyTorch's first step (b = g). The gradient is that of the loss
/// divided by the number of training images, so that rates are those known from PyTorch.
class Sgd final : public Optimizer {
 public:
  Sgd(const Network& network, const TrainConfig& config)
      : Optimizer(network, config,
                  config.momentum > 0 ? std::vector<std::string>{"momentum_buffer"}
                                      : std::vector<std::string>{}) {}

  bool wants_mean_loss() const override { return true; }

 private:
  void update(Group& group, const std::vector<at::Tensor>& gradients) override {
    const bool with_momentum = !group.moments.empty();
    if (group.in_pieces()) {
      at::_fused_sgd_(group.piece_parameters, gradients,
                      with_momentum ? group.piece_moments[0] : std::vector<at::Tensor>(),
                      weight_decay(group), config().momentum, group.rate_on_device, 0,
                      config().nesterov, false, false);
    } else {
      at::_fused_sgd_(
          group.parameters, gradients, with_momentum ? group.moments[0] : std::vector<at::Tensor>(),
          weight_decay(group), config().momentum, group.rate, 0, config().nesterov, false, false);
    }
  }
};

}  // namespace

std::unique_ptr<Optimizer> make_sgd(const Network& network, const TrainConfig& config) {
  return std::make_unique<Sgd>(network, config);
}

}  // namespace varphase
