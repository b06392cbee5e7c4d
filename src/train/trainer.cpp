// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/train/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <limits>

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>

#include "src/noise/permutation.hpp"
#include "src/train/captured_step.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kNoStep = std::numeric_limits<std::int64_t>::max();
constexpr const char* kPartialNll = "partial_nll";

}  // namespace

void set_numerics(bool deterministic, bool tf32) {
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 1);
  at::Context& context = at::globalContext();
  context.setDeterministicAlgorithms(deterministic, false);
  context.setDeterministicFillUninitializedMemory(false);
  context.setDeterministicCuDNN(deterministic);
  context.setBenchmarkCuDNN(false);
  context.setAllowTF32CuBLAS(tf32);
  context.setAllowTF32CuDNN(tf32);
}

void check_batch_size(const TrainConfig& config, std::int64_t images) {
  VARPHASE_CHECK(config.batch_size <= images, ErrorKind::usage,
                 "train.batch_size {} is more than the {} training images", config.batch_size,
                 images);
}

struct Trainer::Step {
  ImageBatch batch;
  at::Tensor order;      // int64 [steps * B]
  at::Tensor in_epoch;   // int64 [1] step within the epoch
  at::Tensor member;     // int64 [1] = epoch
  at::Tensor kl_weight;  // float [] of this epoch
  at::Tensor nll;        // double [] sum over the images seen in this epoch
  at::Tensor first_bad;  // int64 [] first step within the epoch whose loss was not finite
  std::function<void()> run;
  std::unique_ptr<CapturedStep> captured;
};

Trainer::Trainer(Network& network, const DeviceImages& images, const TrainConfig& config)
    : network_(network),
      images_(images),
      config_(config),
      optimizer_(network, config),
      steps_per_epoch_(images.count() / config.batch_size),
      state_(std::make_unique<Step>()) {
  check_batch_size(config, images.count());
  const at::TensorOptions options = images.labels.options();
  state_->batch = empty_batch(images, config.batch_size);
  state_->order = at::zeros({steps_per_epoch_ * config.batch_size}, options);
  state_->in_epoch = at::zeros({1}, options);
  state_->member = at::zeros({1}, options);
  state_->kl_weight = at::zeros({}, options.dtype(at::kFloat));
  state_->nll = at::zeros({}, options.dtype(at::kDouble));
  state_->first_bad = at::full({}, kNoStep, options);
  network.require_gradients();

  const double scale = static_cast<double>(images.count()) / static_cast<double>(config.batch_size);
  state_->run = [this, scale] {
    Step& s = *state_;
    fill_batch(images_, s.order, s.in_epoch, s.batch);
    const Forward how{Mode::sampled,
                      true,
                      {static_cast<std::uint64_t>(config_.seed), Stream::training, 0, 0},
                      s.batch.example,
                      s.member};
    const at::Tensor logits = network_.forward(s.batch.images, how);
    const at::Tensor nll = at::cross_entropy_loss(logits, s.batch.labels, {}, at::Reduction::Sum);
    at::Tensor loss = nll * scale;
    const at::Tensor kl = network_.kl(how, s.in_epoch);
    if (kl.defined()) loss = loss + kl * s.kl_weight;
    std::vector<at::Tensor> leaves;
    for (const auto& entry : network_.parameters()) leaves.push_back(*entry.parameter.tensor);
    const std::vector<at::Tensor> gradients = torch::autograd::grad({loss}, leaves);
    const at::NoGradGuard no_gradients;
    optimizer_.step(gradients);
    for (VarianceLayer* layer : network_.variance_layers()) {
      at::Tensor theta = layer->mutable_theta().detach();
      layer->parameterization().project(theta);
    }
    s.nll.add_(nll.detach());
    s.first_bad.copy_(at::minimum(
        s.first_bad, at::where(at::isfinite(loss.detach()), kNoStep, s.in_epoch).reshape({})));
    s.in_epoch.add_(1);
  };
}

Trainer::~Trainer() = default;

double Trainer::learning_rate(std::int64_t epoch) const {
  return config_.learning_rate *
         (1 - static_cast<double>(epoch) / static_cast<double>(config_.epochs));
}

void Trainer::set_schedule() {
  const double done = static_cast<double>(epoch_) / static_cast<double>(config_.epochs);
  const double falling =
      done < config_.log_alpha_hold ? 1.0 : (1 - done) / (1 - config_.log_alpha_hold);
  optimizer_.set_rates(learning_rate(epoch_),
                       config_.learning_rate * config_.log_alpha_rate * falling);
  const double warm =
      config_.kl_warmup > 0
          ? std::min(1.0, static_cast<double>(epoch_) / static_cast<double>(config_.kl_warmup))
          : 1.0;
  state_->kl_weight.fill_(config_.kl_weight * warm);
}

void Trainer::start_epoch_order() {
  std::vector<std::int64_t> order =
      epoch_order(static_cast<std::uint64_t>(config_.seed), epoch_, images_.count());
  state_->order.copy_(at::from_blob(order.data(), {state_->order.numel()}, at::kLong));
  state_->member.fill_(epoch_);
}

EpochReport Trainer::run_epoch(const std::function<void(std::int64_t)>& advanced,
                               const std::atomic<bool>& stop) {
  const auto start = std::chrono::steady_clock::now();
  set_schedule();
  start_epoch_order();
  const bool on_gpu = images_.pixels.is_cuda();
  if (on_gpu && !state_->captured) {
    std::vector<at::Tensor> changed = optimizer_.state();
    for (const auto& entry : network_.buffers()) changed.push_back(*entry.buffer.tensor);
    for (const at::Tensor& tensor : {state_->in_epoch, state_->nll, state_->first_bad})
      changed.push_back(tensor);
    state_->captured = std::make_unique<CapturedStep>(state_->run, changed);
  }
  const std::int64_t first_step = step_;
  std::int64_t in_epoch = step_ - epoch_ * steps_per_epoch_;
  state_->in_epoch.fill_(in_epoch);
  while (in_epoch < steps_per_epoch_ && !stop.load(std::memory_order_relaxed)) {
    if (state_->captured) {
      state_->captured->replay();
    } else {
      state_->run();
    }
    ++in_epoch;
    ++step_;
    advanced(config_.batch_size);
    // A CPU step takes milliseconds, so looking at once costs nothing; a GPU is asked at the end of
    // the epoch.
    if (!on_gpu) check_finite();
  }
  check_finite();
  EpochReport report;
  report.complete = in_epoch == steps_per_epoch_;
  report.nll = state_->nll.item<double>() * static_cast<double>(images_.count()) /
               static_cast<double>(in_epoch * config_.batch_size);
  if (report.complete) {
    ++epoch_;
    state_->nll.zero_();
  }
  report.epoch = epoch_;
  report.learning_rate = learning_rate(report.complete ? epoch_ - 1 : epoch_);
  report.kl_weight = state_->kl_weight.item<double>();
  report.kl = kl();
  report.elbo = -(report.nll + report.kl);
  report.log_alpha = log_alpha();
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  report.images_per_second =
      static_cast<double>((step_ - first_step) * config_.batch_size) / report.seconds;
  return report;
}

void Trainer::check_finite() const {
  const auto bad = state_->first_bad.item<std::int64_t>();
  if (bad == kNoStep) return;
  std::string where = "none of the parameters: the loss itself overflowed";
  for (const auto& entry : network_.parameters()) {
    if (!at::isfinite(*entry.parameter.tensor).all().item<bool>()) {
      where = "parameter " + entry.name;
      break;
    }
  }
  fail(ErrorKind::numeric, "the loss is not finite at step {} (epoch {}); first non-finite: {}",
       epoch_ * steps_per_epoch_ + bad + 1, epoch_ + 1, where);
}

Snapshot Trainer::snapshot() const {
  Snapshot snapshot;
  snapshot.epoch = epoch_;
  snapshot.step = step_;
  store_network(network_, snapshot);
  optimizer_.store(snapshot);
  if (step_ > epoch_ * steps_per_epoch_) snapshot.metrics[kPartialNll] = state_->nll.item<double>();
  return snapshot;
}

void Trainer::restore(const Snapshot& snapshot) {
  VARPHASE_CHECK(snapshot.step / steps_per_epoch_ == snapshot.epoch || snapshot.step == 0,
                 ErrorKind::usage,
                 "the checkpoint is at step {} of epoch {}, {} steps make an epoch here: data or "
                 "batch size differ",
                 snapshot.step, snapshot.epoch, steps_per_epoch_);
  const at::NoGradGuard no_gradients;
  // In place: the optimizer and a captured step hold these very tensors.
  Network loaded(network_.spec());
  load_network(loaded, snapshot);
  const auto from = loaded.parameters();
  const auto into = network_.parameters();
  for (std::size_t i = 0; i < into.size(); ++i)
    into[i].parameter.tensor->copy_(*from[i].parameter.tensor);
  const auto from_buffers = loaded.buffers();
  const auto into_buffers = network_.buffers();
  for (std::size_t i = 0; i < into_buffers.size(); ++i)
    into_buffers[i].buffer.tensor->copy_(*from_buffers[i].buffer.tensor);
  optimizer_.load(snapshot);
  epoch_ = snapshot.epoch;
  step_ = snapshot.step;
  const auto partial = snapshot.metrics.find(kPartialNll);
  state_->nll.fill_(partial != snapshot.metrics.end() ? partial->second : 0.0);
}

std::map<std::string, double> Trainer::log_alpha() const {
  std::map<std::string, double> values;
  for (const VarianceLayer* layer : network_.variance_layers()) {
    const at::Tensor log_alpha = layer->parameterization().log_alpha(layer->mean(), layer->theta());
    if (!log_alpha.defined()) continue;
    values[layer->name()] = log_alpha.detach().to(at::kDouble).mean().item<double>();
  }
  return values;
}

double Trainer::kl() const {
  double total = 0;
  for (const VarianceLayer* layer : network_.variance_layers()) {
    total += layer->prior()
                 .kl(layer->parameterization(), layer->mean().detach().to(at::kDouble),
                     layer->theta().detach().to(at::kDouble))
                 .item<double>();
  }
  return total;
}

}  // namespace varphase
