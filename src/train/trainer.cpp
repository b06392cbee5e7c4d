// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/train/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>

#include "src/noise/permutation.hpp"
#include "src/train/bfloat16_products.hpp"
#include "src/train/captured_step.hpp"
#include "src/train/schedule.hpp"
#include "src/train/training_checks.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kNoStep = std::numeric_limits<std::int64_t>::max();
constexpr const char* kPartialNll = "partial_nll";

}  // namespace

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

Trainer::Trainer(Network& network, const DeviceImages& images, const TrainConfig& config,
                 Communicator* ranks)
    : network_(network),
      images_(images),
      config_(config),
      ranks_(ranks != nullptr && ranks->alone() ? nullptr : ranks),
      rows_(ranks_ == nullptr
                ? config.batch_size
                : ranks_->share_end(config.batch_size) - ranks_->share_begin(config.batch_size)),
      optimizer_(optimizers().at(config.optimizer)(network, config)),
      steps_per_epoch_(images.count() / config.batch_size),
      state_(std::make_unique<Step>()) {
  check_training(config, images.count());
  VARPHASE_CHECK(rows_ > 0, ErrorKind::usage,
                 "train.batch_size {}: {} ranks share a batch, and each wants an image of it",
                 config.batch_size, ranks_->size());
  const at::TensorOptions options = images.labels.options();
  state_->batch = empty_batch(images, rows_);
  // The warm-up of a captured step may go past the end of a short epoch.
  const std::int64_t steps = std::max<std::int64_t>(steps_per_epoch_, CapturedStep::kWarmUpSteps);
  state_->order = at::zeros({steps * rows_}, options);
  state_->in_epoch = at::zeros({1}, options);
  state_->member = at::zeros({1}, options);
  state_->kl_weight = at::zeros({}, options.dtype(at::kFloat));
  state_->nll = at::zeros({}, options.dtype(at::kDouble));
  state_->first_bad = at::full({}, kNoStep, options);
  network.require_gradients();
  // In place before the step is captured, whichever weights go later.
  for (VarianceLayer* layer : network.variance_layers()) {
    if (config.prune_sparsity > 0 && !layer->mask().defined())
      layer->set_mask(at::ones(layer->mean().sizes(), options.dtype(at::kBool)));
  }
  if (ranks_ != nullptr) {
    std::vector<at::Tensor> leaves;
    for (const auto& one : network.parameters()) leaves.push_back(*one.parameter.tensor);
    buckets_ = std::make_unique<GradientBuckets>(
        *ranks_, leaves, config.reduction == "bf16" ? at::kBFloat16 : at::kFloat);
  }
  const bool undoes = ranks_ != nullptr && !images.pixels.is_cuda();
  state_->run = [this, undoes] { undoes ? take_step_or_none() : take_step(); };
}

Trainer::~Trainer() = default;

void Trainer::take_step() {
  const double scale =
      static_cast<double>(images_.count()) / static_cast<double>(config_.batch_size);
  Step& s = *state_;
  fill_batch(images_, s.order, s.in_epoch, s.batch,
             {config_.augment == "crop-flip", config_.crop_padding,
              static_cast<std::uint64_t>(config_.seed), s.member});
  const Forward how{
      Mode::sampled,   true,     {static_cast<std::uint64_t>(config_.seed), Stream::training, 0, 0},
      s.batch.example, s.member, ranks_};
  at::Tensor logits;
  {
    const Bfloat16Products products(config_.precision == "bf16", s.batch.images.device().type());
    logits = network_.forward(s.batch.images, how).to(at::kFloat);
  }
  const at::Tensor nll = at::cross_entropy_loss(logits, s.batch.labels, {}, at::Reduction::Sum);
  at::Tensor loss = nll * scale;
  at::Tensor kl = network_.kl(how, s.in_epoch);
  // Every rank has all of the KL, and their losses are added up.
  if (kl.defined() && ranks_ != nullptr) kl = kl / static_cast<double>(ranks_->size());
  if (kl.defined()) loss = loss + kl * s.kl_weight;
  if (optimizer_->wants_mean_loss()) loss = loss / static_cast<double>(images_.count());
  const std::vector<at::Tensor> gradients = summed_gradients(loss);
  const at::NoGradGuard no_gradients;
  at::Tensor batch_nll = nll.detach(), finite = at::isfinite(loss.detach());
  // A GPU's ranks put theirs together at the end of the epoch.
  if (ranks_ != nullptr && !batch_nll.is_cuda()) {
    const at::Tensor all =
        at::stack({batch_nll.to(at::kDouble), finite.logical_not().to(at::kDouble)});
    ranks_->all_reduce(all);
    batch_nll = all[0];
    finite = all[1].eq(0);
  }
  optimizer_->step(gradients);
  project();
  s.nll.add_(batch_nll);
  s.first_bad.copy_(at::minimum(s.first_bad, at::where(finite, kNoStep, s.in_epoch).reshape({})));
  s.in_epoch.add_(1);
}

std::vector<at::Tensor> Trainer::summed_gradients(const at::Tensor& loss) {
  std::vector<at::Tensor> leaves;
  for (const auto& entry : network_.parameters()) leaves.push_back(*entry.parameter.tensor);
  const std::vector<at::Tensor> own = torch::autograd::grad({loss}, leaves);
  return buckets_ ? buckets_->sums(own) : own;
}

void Trainer::take_step_or_none() {
  // Batch norm's running statistics move in the forward pass; all else changes when all sums are there.
  std::vector<at::Tensor> before;
  for (const auto& entry : network_.buffers()) before.push_back(entry.buffer.tensor->clone());
  try {
    take_step();
  } catch (...) {
    const auto buffers = network_.buffers();
    for (std::size_t i = 0; i < before.size(); ++i) buffers[i].buffer.tensor->copy_(before[i]);
    throw;
  }
}

void Trainer::synchronize() {
  if (ranks_ == nullptr) return;
  const at::NoGradGuard no_gradients;
  const at::Tensor position = at::tensor({epoch_, step_}, at::kLong);
  ranks_->broadcast({position});
  epoch_ = position[0].item<std::int64_t>();
  step_ = position[1].item<std::int64_t>();
  for (VarianceLayer* layer : network_.variance_layers()) {
    const at::Tensor masked = at::full({1}, layer->mask().defined() ? 1 : 0, at::kLong);
    ranks_->broadcast({masked});
    if (masked.item<std::int64_t>() == 0) continue;
    if (!layer->mask().defined())
      layer->set_mask(at::ones(layer->mean().sizes(),
                               layer->mean().options().dtype(at::kBool).requires_grad(false)));
    ranks_->broadcast({layer->mask()});
  }
  std::vector<at::Tensor> all = optimizer_->state();
  for (const auto& entry : network_.buffers()) all.push_back(*entry.buffer.tensor);
  ranks_->broadcast(all);
  if (!images_.pixels.is_cuda()) {
    ranks_->broadcast({state_->nll});
  } else if (!ranks_->first()) {
    state_->nll.zero_();  // rank 0 has what all of them had
  }
}

double Trainer::epoch_nll() {
  if (ranks_ == nullptr || !images_.pixels.is_cuda()) return state_->nll.item<double>();
  at::Tensor total = state_->nll.clone();
  ranks_->all_reduce(total);
  ranks_->first() ? state_->nll.copy_(total) : state_->nll.zero_();
  return total.item<double>();
}

void Trainer::set_schedule() {
  const LearningRates rates = learning_rates(config_, epoch_);
  optimizer_->set_rates(rates.weights, rates.variances);
  state_->kl_weight.fill_(kl_weight(config_, epoch_));
}

void Trainer::project() {
  for (VarianceLayer* layer : network_.variance_layers()) {
    at::Tensor theta = layer->mutable_theta().detach();
    layer->parameterization().project(theta);
    if (bounds_log_alpha(config_, *layer)) theta.clamp_max_(config_.log_alpha_max);
  }
}

void Trainer::start_epoch_order() {
  std::vector<std::int64_t> order =
      epoch_order(static_cast<std::uint64_t>(config_.seed), epoch_, images_.count());
  const std::int64_t used = steps_per_epoch_ * config_.batch_size;
  const at::Tensor all = at::from_blob(order.data(), {used}, at::kLong);
  const std::int64_t first = ranks_ == nullptr ? 0 : ranks_->share_begin(config_.batch_size);
  state_->order.narrow(0, 0, steps_per_epoch_ * rows_)
      .copy_(all.view({steps_per_epoch_, config_.batch_size}).narrow(1, first, rows_).flatten());
  state_->member.fill_(epoch_);
}

EpochReport Trainer::run_epoch(const std::function<void(std::int64_t)>& advanced,
                               const std::atomic<bool>& stop) {
  begin_epoch();
  bool more = step_in_epoch() < steps_per_epoch_;
  while (more && !stop.load(std::memory_order_relaxed)) {
    more = run_step();
    advanced(config_.batch_size);
  }
  return end_epoch();
}

void Trainer::begin_epoch() {
  synchronize();
  epoch_clock_ = Stopwatch();
  first_step_ = step_;
  set_schedule();
  start_epoch_order();
  if (images_.pixels.is_cuda() && !state_->captured) {
    std::vector<at::Tensor> changed = optimizer_->state();
    for (const auto& entry : network_.buffers()) changed.push_back(*entry.buffer.tensor);
    for (const at::Tensor& tensor : {state_->in_epoch, state_->nll, state_->first_bad})
      changed.push_back(tensor);
    state_->captured = std::make_unique<CapturedStep>(state_->run, changed, ranks_ != nullptr);
  }
  state_->in_epoch.fill_(step_in_epoch());
}

bool Trainer::run_step() {
  if (state_->captured) {
    state_->captured->replay();
  } else {
    state_->run();
  }
  ++step_;
  // A CPU step takes milliseconds, so looking at once costs nothing; a GPU is asked at the end of
  // the epoch.
  if (!images_.pixels.is_cuda()) check_finite();
  return step_in_epoch() < steps_per_epoch_;
}

EpochReport Trainer::end_epoch() {
  check_finite();
  check_parameters();
  const std::int64_t in_epoch = step_in_epoch();
  EpochReport report;
  report.complete = in_epoch == steps_per_epoch_;
  report.nll = epoch_nll() * static_cast<double>(images_.count()) /
               static_cast<double>(in_epoch * config_.batch_size);
  if (report.complete) {
    ++epoch_;
    state_->nll.zero_();
  }
  report.epoch = epoch_;
  report.learning_rate = learning_rates(config_, report.complete ? epoch_ - 1 : epoch_).weights;
  report.kl_weight = state_->kl_weight.item<double>();
  report.kl = kl();
  report.elbo = -(report.nll + report.kl);
  report.log_alpha = log_alpha();
  report.sparsity = sparsity();
  report.seconds = epoch_clock_.seconds();
  report.images_per_second =
      static_cast<double>((step_ - first_step_) * config_.batch_size) / report.seconds;
  return report;
}

void Trainer::check_finite() const {
  auto bad = state_->first_bad.item<std::int64_t>();
  if (ranks_ != nullptr && images_.pixels.is_cuda()) {
    for (const at::Tensor& other : ranks_->gather(state_->first_bad.reshape({1})))
      bad = std::min(bad, other.item<std::int64_t>());
  }
  if (bad == kNoStep) return;
  fail(ErrorKind::numeric, "the loss is not finite at step {} (epoch {}); first non-finite: {}",
       epoch_ * steps_per_epoch_ + bad + 1, epoch_ + 1, first_not_finite());
}

void Trainer::check_parameters() const {
  at::Tensor finite;
  for (const auto& entry : network_.parameters()) {
    const at::Tensor own = at::isfinite(*entry.parameter.tensor).all();
    finite = finite.defined() ? finite.logical_and(own) : own;
  }
  if (!finite.defined() || finite.item<bool>()) return;
  fail(ErrorKind::numeric, "not finite after step {} (epoch {}): {}", step_, epoch_ + 1,
       first_not_finite());
}

std::string Trainer::first_not_finite() const {
  for (const auto& entry : network_.parameters()) {
    if (!at::isfinite(*entry.parameter.tensor).all().item<bool>()) return "parameter " + entry.name;
  }
  return "none of the parameters: the loss itself overflowed";
}

Snapshot Trainer::snapshot() const {
  Snapshot snapshot;
  snapshot.epoch = epoch_;
  snapshot.step = step_;
  store_network(network_, snapshot);
  optimizer_->store(snapshot);
  if (step_ > epoch_ * steps_per_epoch_) snapshot.metrics[kPartialNll] = state_->nll.item<double>();
  return snapshot;
}

void Trainer::restore(const Snapshot& snapshot) {
  VARPHASE_CHECK(snapshot.step / steps_per_epoch_ == snapshot.epoch || snapshot.step == 0,
                 ErrorKind::usage,
                 "the checkpoint is at step {} of epoch {}, {} steps make an epoch here: data or "
                 "batch size differ",
                 snapshot.step, snapshot.epoch, steps_per_epoch_);
  // In place: the optimizer and a captured step hold these very tensors.
  Network loaded = network_.blank();
  load_network(loaded, snapshot);
  copy_network(loaded, network_);
  optimizer_->load(snapshot);
  epoch_ = snapshot.epoch;
  step_ = snapshot.step;
  const auto partial = snapshot.metrics.find(kPartialNll);
  state_->nll.fill_(partial != snapshot.metrics.end() ? partial->second : 0.0);
}

void Trainer::drop(VarianceLayer& layer, const at::Tensor& kept) {
  VARPHASE_CHECK(layer.mask().defined(), ErrorKind::usage,
                 "{}: weights are dropped in training where a mask was set before it",
                 layer.name());
  layer.drop(kept);
  for (const Parameter& parameter : layer.parameters()) {
    if (parameter.tensor->sizes() == layer.mask().sizes())
      optimizer_->forget_dropped(layer.name() + "/" + parameter.name, layer.mask());
  }
}

void Trainer::prune(double sparsity, const std::function<at::Tensor(const VarianceLayer&)>& score) {
  const at::NoGradGuard no_gradients;
  for (VarianceLayer* layer : network_.variance_layers()) {
    at::Tensor own = score(*layer).reshape(layer->mask().sizes());
    VARPHASE_CHECK(!at::isnan(own).any().item<bool>(), ErrorKind::numeric,
                   "{}: a score of its weights is NaN", layer->name());
    own = own.masked_fill(layer->mask().logical_not(), -std::numeric_limits<double>::infinity());
    const auto count = static_cast<double>(own.numel());
    const auto dropped = static_cast<std::int64_t>(std::floor(sparsity * count));
    const at::Tensor order = std::get<1>(own.flatten().sort(/*stable=*/true, 0, false));
    at::Tensor kept = at::ones({own.numel()}, own.options().dtype(at::kBool));
    kept.index_fill_(0, order.narrow(0, 0, dropped), 0);
    drop(*layer, kept.reshape(own.sizes()));
  }
}

std::map<std::string, double> Trainer::log_alpha() const {
  std::map<std::string, double> values;
  for (const VarianceLayer* layer : network_.variance_layers()) {
    at::Tensor log_alpha = layer->parameterization().log_alpha(layer->mean(), layer->theta());
    if (!log_alpha.defined()) continue;
    log_alpha = log_alpha.detach().to(at::kDouble);
    double value = log_alpha.mean().item<double>();
    if (layer->mask().defined()) {
      const at::Tensor kept = layer->mask().to(at::kDouble).sum_to_size(log_alpha.sizes());
      const auto count = kept.sum().item<double>();
      if (count > 0) value = (log_alpha * kept).sum().item<double>() / count;
    }
    values[layer->name()] = value;
  }
  return values;
}

std::map<std::string, double> Trainer::sparsity() const {
  std::map<std::string, double> values;
  for (const VarianceLayer* layer : network_.variance_layers()) {
    if (!layer->mask().defined()) continue;
    const auto kept = static_cast<double>(layer->mask().sum().item<std::int64_t>());
    values[layer->name()] = 1 - kept / static_cast<double>(layer->mask().numel());
  }
  return values;
}

double Trainer::kl() const {
  double total = 0;
  for (const VarianceLayer* layer : network_.variance_layers()) {
    total += layer->prior()
                 .kl(layer->parameterization(), layer->mean().detach().to(at::kDouble),
                     layer->theta().detach().to(at::kDouble), {}, layer->mask())
                 .item<double>();
  }
  return total;
}

}  // namespace varphase
