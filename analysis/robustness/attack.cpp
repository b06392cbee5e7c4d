// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/robustness/attack.hpp"

#include <limits>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>

#include "analysis/robustness/input_gradient.hpp"
#include "analysis/robustness/random_start.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace {

constexpr double kLeast = std::numeric_limits<float>::min();  // that can be divided by

/// Where images may go.
class Ball {
 public:
  Ball(at::Tensor centre, const AttackRequest& request)
      : centre_(std::move(centre)), request_(request) {
    if (request.is_l2() || request.epsilon == kUnbounded) return;
    low_ = (centre_ - request.epsilon).clamp_min_(0);
    high_ = (centre_ + request.epsilon).clamp_max_(kPixelRange);
  }

  /// @param x  float32 [N, D], moved in place
  void project(at::Tensor& x) const {
    if (low_.defined()) {
      x.clamp_(low_, high_);
      return;
    }
    if (request_.epsilon != kUnbounded) {
      at::Tensor moved = x - centre_;
      const at::Tensor length = moved.norm(2, {1}, true);
      moved.mul_(length.clamp_min_(kLeast).reciprocal_().mul_(request_.epsilon).clamp_max_(1));
      x.copy_(moved.add_(centre_));
    }
    x.clamp_(0, kPixelRange);
  }

 private:
  at::Tensor centre_, low_, high_;
  const AttackRequest& request_;
};

/// The gradient's sign, or the gradient over its length, in place. A length is taken of the gradient over its largest
/// entry: squares of small ones are 0.
at::Tensor direction(at::Tensor gradient, bool l2) {
  if (!l2) return gradient.sign_();
  gradient.div_(gradient.abs().amax({1}, true).clamp_min_(kLeast));
  return gradient.div_(gradient.norm(2, {1}, true).clamp_min_(kLeast));
}

InputGradient gradient_of(const ImageModels& models, const DeviceImages& images,
                          const at::Tensor& aim, const AttackRequest& request,
                          std::int64_t first_member) {
  MemberDraws draws;
  draws.key = {request.seed, Stream::attack, 0, static_cast<std::uint8_t>(images.split)};
  draws.first_member = first_member;
  draws.members = request.members();
  std::vector<InputGradient> all;
  for (const ImageModel& model : models) {
    all.push_back(input_gradient(*model.network, model.see(images), aim, draws, request.precision));
    ++draws.key.seed;
  }
  return all.size() == 1 ? std::move(all.front()) : mean_over_networks(all);
}

}  // namespace

AttackedImages attack(const ImageModels& models, const DeviceImages& images, const at::Tensor& aim,
                      const AttackRequest& request, std::int64_t restart, const WatchSteps& watch) {
  VARPHASE_CHECK(!models.empty(), ErrorKind::usage, "an attack wants a network");
  const at::NoGradGuard no_gradients;
  const at::Tensor centre = images.pixels.to(at::kFloat);
  DeviceImages moved = images;
  moved.pixels = request.random_start ? random_start(images, request, restart) : centre.clone();
  const Ball ball(centre, request);
  ball.project(moved.pixels);
  const double step = request.is_targeted() ? -request.step : request.step;
  AttackedImages result;
  std::vector<at::Tensor> losses;
  watch(0, moved);
  for (std::int64_t t = 0; t < request.steps; ++t) {
    const std::int64_t first_member = (restart * request.steps + t) * request.members();
    InputGradient found = gradient_of(models, moved, aim, request, first_member);
    losses.push_back(found.loss);
    moved.pixels.add_(direction(std::move(found.gradient), request.is_l2()), step);
    ball.project(moved.pixels);
    watch(t + 1, moved);
  }
  return {moved.pixels, at::stack(losses)};
}

}  // namespace varphase
