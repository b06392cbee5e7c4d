// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/run_trainer.hpp"

#include <algorithm>
#include <cmath>

#include <c10/core/impl/VirtualGuardImpl.h>
#include <fmt/ranges.h>

#include "analysis/predict/predictor.hpp"
#include "analysis/predict/shared_prediction.hpp"
#include "checkpoints/document.hpp"
#include "checkpoints/retention.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/log.hpp"
#include "src/base/stopwatch.hpp"
#include "src/train/schedule.hpp"
#include "tools/app/device.hpp"
#include "tools/app/gradual_pruning.hpp"
#include "tools/app/provenance.hpp"
#include "tools/app/trained_images.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// Key of what a provenance says of images that were others before.
constexpr const char* kChangedData = "data_changed";

TestScores scores_of(const std::map<std::string, Metrics>& metrics) {
  return {metrics.at("deterministic").accuracy, metrics.at("stochastic").accuracy,
          metrics.at("ensemble").accuracy, metrics.at("zero_mean").accuracy,
          metrics.at("ensemble").nll};
}

/// The stream that a trainer works on while this lives.
class OnStream {
 public:
  explicit OnStream(const std::optional<c10::Stream>& stream) {
    if (stream) guard_.reset_stream(*stream);
  }

 private:
  c10::OptionalStreamGuard guard_;
};

}  // namespace

RunTrainer::RunTrainer(RunFolder run, RunConfig config, const TrainingImages& images,
                       at::Device device, std::string member, bool own_stream, TrainJob& job,
                       Communicator* ranks)
    : run_(std::move(run)),
      config_(std::move(config)),
      device_(device),
      member_(std::move(member)),
      job_(job),
      ranks_(ranks),
      images_(images),
      network_(config_.network),
      metrics_file_(run_.layout().metrics(), images.dataset.validation.count() > 0
                                                 ? std::vector<std::string>{"test", "validation"}
                                                 : std::vector<std::string>{"test"}),
      kappa_(run_, config_, images, device, member_, job, ranks),
      writer_(SnapshotWriterOptions{config_.train.keep_optimizer, 2, nullptr}) {
  if (own_stream && device.is_cuda())
    stream_ = c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device);
  const OnStream on(stream_);
  network_.initialize(static_cast<std::uint64_t>(config_.train.seed));
  network_.to(device);
  trainer_ = std::make_unique<Trainer>(network_, images_.train, config_.train, ranks_);
  provenance_ = provenance(device);
  provenance_["dataset"] = text_of_bytes(images_.dataset.name);
  if (!images_.dataset.notes.empty())
    provenance_["dataset_notes"] =
        terminal_text(fmt::format("{}", fmt::join(images_.dataset.notes, "; ")));
  provenance_[kDatasetDigest] = images_.dataset.digest;
  provenance_["precision"] = config_.train.precision;
  if (ranks_ != nullptr && !ranks_->alone()) provenance_["ranks"] = std::to_string(ranks_->size());
}

std::string RunTrainer::prefixed(const std::string& message) const {
  return member_.empty() ? message : fmt::format("member {}: {}", member_, message);
}

void RunTrainer::resume(const ResumePoint& point, const std::string& changed_data) {
  const OnStream on(stream_);
  try {
    trainer_->restore(point.snapshot);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: {}", point.file.string(), error.what()));
  }
  resumed_ = true;
  for (const auto& [name, value] : point.snapshot.provenance) {
    if (name.rfind("init", 0) == 0 || name == kChangedData) provenance_[name] = value;
  }
  if (!changed_data.empty()) {
    std::string& said = provenance_[kChangedData];
    said += (said.empty() ? "" : "; ") + changed_data;
  }
  metrics_file_.keep_until(trainer_->epoch());
  log_info(prefixed(fmt::format("resuming from {}", point.file.string())));
  const std::string text =
      point.file == run_.layout().interrupted()
          ? fmt::format("resuming where it was stopped (epoch {}, step {})", trainer_->epoch(),
                        trainer_->step())
          : fmt::format("resuming from {} (epoch {}, step {})", point.file.filename().string(),
                        trainer_->epoch(), trainer_->step());
  job_.remark(prefixed(text));
}

void RunTrainer::begin_with(const InitialWeights& from) {
  const OnStream on(stream_);
  const std::string text = take_initial_weights(network_, from);
  provenance_["init"] = text_of_bytes(from.file.string());
  provenance_["init_digest"] = document_digest(from.file);
  job_.begins_with(prefixed(text));
  log_info(prefixed(text));
}

void RunTrainer::start() {
  const OnStream on(stream_);
  if (ranks_ != nullptr) check_same_images();
  if (keeps()) write_json_file(run_.layout().environment(), Json(provenance_));
  if (keeps() && !resumed_) first_checkpoint();
  if (keeps() && trainer_->step() > 0) kappa_.make_missing(trainer_->epoch());
  trainer_->synchronize();
  if (trainer_->step() == 0) make_kappa(0);
}

void RunTrainer::check_same_images() const {
  const std::vector<std::string> digests = ranks_->gather_bytes(images_.dataset.digest);
  for (std::size_t rank = 0; rank < digests.size(); ++rank) {
    VARPHASE_CHECK(
        digests[rank] == digests[0], ErrorKind::usage,
        "the images of rank {} are not those of rank 0: digests {:.12}... and {:.12}...\n"
        "  {} has to hold the same files on every machine",
        rank, digests[rank], digests[0], config_.data.data);
  }
}

std::int64_t RunTrainer::steps_left() const {
  return config_.train.epochs * trainer_->steps_per_epoch() - trainer_->step();
}

std::optional<double> RunTrainer::evaluation_a_step() const {
  if (!evaluation_seconds_) return std::nullopt;
  double an_epoch = *evaluation_seconds_ / static_cast<double>(config_.train.evaluate_every);
  if (kappa_.seconds())
    an_epoch += *kappa_.seconds() / static_cast<double>(config_.train.kappa_every);
  return an_epoch / static_cast<double>(trainer_->steps_per_epoch());
}

void RunTrainer::begin_epoch() {
  const OnStream on(stream_);
  trainer_->begin_epoch();
}

bool RunTrainer::step() {
  const OnStream on(stream_);
  try {
    return trainer_->run_step();
  } catch (const Error& error) {
    throw with_last_checkpoint(error);
  }
}

bool RunTrainer::end_epoch() {
  const OnStream on(stream_);
  EpochReport report;
  try {
    report = trainer_->end_epoch();
  } catch (const Error& error) {
    throw with_last_checkpoint(error);
  }
  if (report.complete) finish_epoch(report);
  return report.complete;
}

Error RunTrainer::with_last_checkpoint(const Error& error) {
  if (error.kind() != ErrorKind::numeric) return error;
  if (!keeps()) return words_of_first(error);
  writer_.flush();
  const std::vector<std::int64_t> epochs = run_.epochs();
  return Error(
      error.kind(),
      prefixed(fmt::format("{}\n  last good checkpoint: {}; a smaller train.learning_rate may hold",
                           error.what(),
                           epochs.empty() ? "none" : run_.checkpoint(epochs.back()).string())));
}

Error RunTrainer::words_of_first(const Error& error) {
  // All ranks find it at once. Rank 0 knows the checkpoints, and its error ends this wait.
  constexpr double kPatience = 10;
  try {
    ranks_->barrier("the end", kPatience);
  } catch (const Error& first) {
    return first;
  }
  return error;
}

Snapshot RunTrainer::complete(Snapshot snapshot,
                              const std::map<std::string, double>& metrics) const {
  snapshot.config = to_json(config_).dump();
  snapshot.provenance = provenance_;
  snapshot.metrics.insert(metrics.begin(), metrics.end());
  return snapshot;
}

void RunTrainer::first_checkpoint() {
  EpochReport report;
  report.nll = std::nan("");
  report.kl = trainer_->kl();
  report.elbo = std::nan("");
  report.log_alpha = trainer_->log_alpha();
  report.sparsity = trainer_->sparsity();
  const auto metrics = metrics_file_.append(report, 0, evaluate(nullptr));
  writer_.submit(run_.checkpoint(0), complete(trainer_->snapshot(), metrics));
  writer_.flush();
  const auto bytes = static_cast<double>(fs::file_size(run_.checkpoint(0)));
  const auto further = static_cast<double>(config_.train.epochs / config_.train.every);
  const auto without = static_cast<double>(network_.weight_count() * 4);  // optimizer state
  TrainingStart start;
  start.run = run_.path().string();
  start.training_images = images_.train.count();
  start.validation_images = images_.dataset.validation.count();
  start.test_images = images_.test.count();
  start.weights = network_.weight_count();
  start.device = device_name(device_);
  start.checkpoint_bytes = bytes;
  start.all_bytes = bytes + without * further;
  job_.started(start);
}

SplitMetrics RunTrainer::evaluate(Communicator* ranks) {
  const Stopwatch clock;
  const auto metrics_of = [&](const DeviceImages& images) {
    if (ranks != nullptr && !ranks->alone())
      return shared_metrics(*ranks, network_, images,
                            static_cast<std::uint64_t>(config_.train.seed), config_.train.samples);
    return Predictor(network_, images, static_cast<std::uint64_t>(config_.train.seed))
        .all_metrics(config_.train.samples);
  };
  SplitMetrics metrics{{"test", metrics_of(images_.test)}};
  if (images_.dataset.validation.count() > 0)
    metrics["validation"] = metrics_of(images_.validation);
  evaluation_seconds_ = clock.seconds();
  return metrics;
}

void RunTrainer::make_kappa(std::int64_t epoch) {
  if (!kappa_.is_due(epoch)) return;
  if (keeps()) writer_.flush();
  kappa_.make(network_, epoch);
}

void RunTrainer::drop_weights(EpochReport& report) {
  const TrainConfig& train = config_.train;
  if (!prunes_after(train, report.epoch)) return;
  const double sparsity = prune_sparsity(train, report.epoch);
  trainer_->prune(sparsity, pruning_score(network_, images_.train, train.prune_criterion,
                                          static_cast<std::uint64_t>(train.seed)));
  trainer_->synchronize();  // scores of unlike processors may cut otherwise
  report.sparsity = trainer_->sparsity();
  report.log_alpha = trainer_->log_alpha();
  report.kl = trainer_->kl();
  report.elbo = -(report.nll + report.kl);
  log_info(prefixed(fmt::format("epoch {}: sparsity {:.4f} by {}", report.epoch, sparsity,
                                train.prune_criterion)));
}

EpochRow RunTrainer::row_of(const EpochReport& report, const SplitMetrics& evaluated) const {
  EpochRow row;
  row.member = member_;
  row.epoch = report.epoch;
  row.nll = report.nll;
  row.kl = report.kl;
  for (const auto& [layer, value] : report.log_alpha)
    row.log_alpha = std::max(row.log_alpha.value_or(value), value);
  const auto found = evaluated.find("test");
  if (found != evaluated.end()) row.scores = scores_of(found->second.by_estimator);
  if (!report.sparsity.empty()) {
    double dropped = 0, weights = 0;
    for (const VarianceLayer* layer : network_.variance_layers()) {
      const auto masked = report.sparsity.find(layer->name());
      if (masked == report.sparsity.end()) continue;
      dropped += masked->second * static_cast<double>(layer->mean().numel());
      weights += static_cast<double>(layer->mean().numel());
    }
    row.dropped = dropped / weights;
  }
  row.images_per_second = report.images_per_second;
  return row;
}

void RunTrainer::finish_epoch(EpochReport report) {
  drop_weights(report);
  const SplitMetrics evaluated = evaluates() ? evaluate(ranks_) : SplitMetrics{};
  const std::function<void()> write_map = kappa_.compute_ahead(network_, report.epoch);
  if (keeps()) keep_epoch(report, evaluated, write_map);
  if (!write_map) make_kappa(report.epoch);
}

void RunTrainer::keep_epoch(const EpochReport& report, const SplitMetrics& evaluated,
                            const std::function<void()>& write_map) {
  const auto metrics = metrics_file_.append(report, trainer_->step(), evaluated);
  const EpochRow row = row_of(report, evaluated);
  if (row.scores) last_evaluated_ = row;
  job_.epoch_ended(row);
  log_info(
      prefixed(fmt::format("epoch {} nll {:.6g} kl {:.6g}", report.epoch, report.nll, report.kl)));
  if (is_due(config_.train.every, report.epoch)) {
    // What was saved within an epoch goes when something newer is on the disk, not before.
    writer_.submit(run_.checkpoint(report.epoch), complete(trainer_->snapshot(), metrics),
                   [file = run_.layout().interrupted(), write_map] {
                     fs::remove(file);
                     if (write_map) write_map();
                   });
  }
}

StoppedTraining RunTrainer::stop() {
  const OnStream on(stream_);
  if (!keeps()) return {member_, trainer_->step()};
  writer_.submit(run_.layout().interrupted(), complete(trainer_->snapshot(), {}));
  writer_.flush();
  log_info(prefixed(fmt::format("stopped at step {} and saved", trainer_->step())));
  return {member_, trainer_->step()};
}

void RunTrainer::finish() {
  writer_.flush();
  if (keeps()) log_info(prefixed("finished"));
}

}  // namespace varphase
