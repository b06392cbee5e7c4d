// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/robustness/attack_batch.hpp"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include "analysis/robustness/aim.hpp"

namespace varphase {
namespace {

/// What one start came to, on the device.
struct Start {
  at::Tensor pixels;                           // [N, D]
  at::Tensor loss;                             // [N, S + 1]
  at::Tensor success, last_loss;               // [N], by the attack's own draws
  std::vector<at::Tensor> predicted, entropy;  // of each judge, [N, T]
};

template <class T>
std::vector<T> host_integers(const at::Tensor& tensor, at::ScalarType type) {
  const at::Tensor host = tensor.to(at::kCPU, type).contiguous();
  return {host.const_data_ptr<T>(), host.const_data_ptr<T>() + host.numel()};
}

class BatchAttack {
 public:
  BatchAttack(const ImageModels& models, const std::vector<ImageModels>& judges,
              const DeviceImages& images, const AttackRequest& request, const JudgeRequest& judging,
              const std::function<void()>& advanced)
      : models_(models),
        judges_(judges),
        images_(images),
        request_(request),
        judging_(judging),
        advanced_(advanced),
        points_(judged_points(request.steps, judging.every)),
        aim_(aim_of(models, images, request)) {}

  AttackOutcome run() {
    Start kept = one_start(0);
    at::Tensor which = at::zeros_like(images_.labels);
    for (std::int64_t restart = 1; restart < request_.restarts; ++restart) {
      const Start other = one_start(restart);
      const at::Tensor better = is_better(other, kept);
      which = at::where(better, restart, which);
      take(kept, other, better);
    }
    return outcome(kept, which);
  }

 private:
  Start one_start(std::int64_t restart) {
    std::vector<std::vector<at::Tensor>> predicted(judges_.size()), entropy(judges_.size());
    const auto watch = [&](std::int64_t step, const DeviceImages& images) {
      if (std::find(points_.begin(), points_.end(), step) != points_.end()) {
        for (std::size_t j = 0; j < judges_.size(); ++j) {
          const Judgement found = judged(j, step, images);
          predicted[j].push_back(found.predicted);
          entropy[j].push_back(found.entropy);
        }
      }
      if (step > 0) advanced_();
    };
    const AttackedImages attacked = attack(models_, images_, aim_, request_, restart, watch);
    Start start;
    start.pixels = attacked.pixels;
    last_look(start, restart);
    start.loss = at::cat({attacked.loss.t(), start.last_loss.unsqueeze(1).to(at::kFloat)}, 1);
    for (std::size_t j = 0; j < judges_.size(); ++j) {
      start.predicted.push_back(at::stack(predicted[j], 1));
      start.entropy.push_back(at::stack(entropy[j], 1));
    }
    return start;
  }

  Judgement judged(std::size_t judge, std::int64_t step, const DeviceImages& images) const {
    JudgeDraws draws;
    draws.estimator = judging_.estimator;
    draws.members = judging_.members;
    draws.seed = request_.seed;
    draws.first_member = step * judging_.members;
    return judgement(judged_log_probabilities(judges_[judge], images, draws));
  }

  /// The last point by draws of the attack that no gradient saw: those behind the last step's.
  void last_look(Start& start, std::int64_t restart) const {
    DeviceImages moved = images_;
    moved.pixels = start.pixels;
    JudgeDraws draws;
    draws.stream = Stream::attack;
    draws.seed = request_.seed;
    draws.members = std::max<std::int64_t>(request_.members(), 1);
    draws.estimator = request_.members() == 0 ? Estimator::deterministic : Estimator::ensemble;
    draws.first_member = (request_.restarts * request_.steps + restart) * draws.members;
    const at::Tensor log_p = judged_log_probabilities(models_, moved, draws);
    const at::Tensor is_aim = log_p.argmax(1) == aim_;
    start.success = request_.is_targeted() ? is_aim : is_aim.logical_not();
    start.last_loss = -log_p.gather(1, aim_.unsqueeze(1)).squeeze(1);
  }

  at::Tensor is_better(const Start& other, const Start& kept) const {
    const at::Tensor loss = request_.is_targeted() ? other.last_loss < kept.last_loss
                                                   : other.last_loss > kept.last_loss;
    const at::Tensor same = other.success == kept.success;
    return other.success.logical_and(kept.success.logical_not()).logical_or(same.logical_and(loss));
  }

  static void take(Start& kept, const Start& other, const at::Tensor& better) {
    const at::Tensor rows = better.unsqueeze(1);
    kept.pixels = at::where(rows, other.pixels, kept.pixels);
    kept.loss = at::where(rows, other.loss, kept.loss);
    kept.success = at::where(better, other.success, kept.success);
    kept.last_loss = at::where(better, other.last_loss, kept.last_loss);
    for (std::size_t j = 0; j < kept.predicted.size(); ++j) {
      kept.predicted[j] = at::where(rows, other.predicted[j], kept.predicted[j]);
      kept.entropy[j] = at::where(rows, other.entropy[j], kept.entropy[j]);
    }
  }

  AttackOutcome outcome(const Start& kept, const at::Tensor& which) const {
    AttackOutcome result;
    result.targeted = request_.is_targeted();
    result.steps = request_.steps;
    result.judged_steps = points_;
    result.image = host_integers<std::int64_t>(images_.example, at::kLong);
    result.label = host_integers<std::int64_t>(images_.labels, at::kLong);
    result.aim = host_integers<std::int64_t>(aim_, at::kLong);
    result.restart = host_integers<std::int64_t>(which, at::kLong);
    result.loss = host_floats(kept.loss);
    const at::Tensor moved = kept.pixels - images_.pixels.to(at::kFloat);
    result.linf = host_floats(moved.abs().amax(1));
    result.l2 = host_floats(moved.norm(2, {1}));
    for (std::size_t j = 0; j < judges_.size(); ++j)
      result.judges.push_back(
          {host_integers<std::int32_t>(kept.predicted[j], at::kInt), host_floats(kept.entropy[j])});
    result.shape = {images_.channels, images_.height, images_.width};
    if (judging_.keep_pixels) result.pixels = host_floats(kept.pixels);
    return result;
  }

  const ImageModels& models_;
  const std::vector<ImageModels>& judges_;
  const DeviceImages& images_;
  const AttackRequest& request_;
  const JudgeRequest& judging_;
  const std::function<void()>& advanced_;
  std::vector<std::int64_t> points_;
  at::Tensor aim_;
};

}  // namespace

std::vector<std::int64_t> judged_points(std::int64_t steps, std::int64_t every) {
  std::vector<std::int64_t> points{0};
  if (every > 0)
    for (std::int64_t t = every; t < steps; t += every) points.push_back(t);
  points.push_back(steps);
  return points;
}

AttackOutcome attack_batch(const ImageModels& models, const std::vector<ImageModels>& judges,
                           const DeviceImages& images, const AttackRequest& request,
                           const JudgeRequest& judging, const std::function<void()>& advanced) {
  const at::NoGradGuard no_gradients;
  return BatchAttack(models, judges, images, request, judging, advanced).run();
}

std::int64_t images_of_batch(const ImageModels& models, const AttackRequest& request,
                             at::Device device) {
  std::int64_t elements = 0;
  for (const ImageModel& model : models)
    for (const Layer* layer : model.network->modules())
      elements += element_count(layer->output_shape());
  const double an_image =
      static_cast<double>(elements * std::max<std::int64_t>(request.members(), 1));
  // Elements of all outputs in a step: a second's work or so.
  const double budget = device.is_cuda() ? 8e9 : 2e8;
  return std::clamp(static_cast<std::int64_t>(budget / an_image), std::int64_t{10},
                    std::int64_t{device.is_cuda() ? 2000 : 500});
}

}  // namespace varphase
