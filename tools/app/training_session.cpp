// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/training_session.hpp"

#include <algorithm>
#include <cmath>

#include <c10/core/impl/VirtualGuardImpl.h>
#include <fmt/ranges.h>

#include "analysis/predict/predictor.hpp"
#include "analysis/sparse/trainable.hpp"
#include "checkpoints/document.hpp"
#include "checkpoints/retention.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/console.hpp"
#include "src/base/log.hpp"
#include "src/base/progress.hpp"
#include "src/base/stopwatch.hpp"
#include "src/models/take_weights.hpp"
#include "src/train/schedule.hpp"
#include "tools/app/device.hpp"
#include "tools/app/gradual_pruning.hpp"
#include "tools/app/trained_images.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// Key of what a provenance says of images that were others before.
constexpr const char* kChangedData = "data_changed";

/// Of the test images; empty where they were not evaluated.
std::string accuracy_text(const SplitMetrics& evaluated, const std::string& estimator) {
  const auto found = evaluated.find("test");
  if (found == evaluated.end()) return "";
  return fmt::format("{:.2f}", 100 * found->second.at(estimator).accuracy);
}

std::vector<TextTable::Column> columns(bool of_member, bool masked) {
  std::vector<TextTable::Column> list{{"epoch", 5},     {"nll", 10},         {"kl", 10},
                                      {"log alpha", 9}, {"det. %", 7},       {"stoch. %", 8, 3},
                                      {"ens. %", 7},    {"zero m. %", 9, 2}, {"images/s", 9, 1}};
  if (masked) list.insert(list.end() - 1, {"dropped %", 9});
  if (of_member) list.insert(list.begin(), {"member", 6});
  return list;
}

/// The stream that a session works on while this lives.
class OnStream {
 public:
  explicit OnStream(const std::optional<c10::Stream>& stream) {
    if (stream) guard_.reset_stream(*stream);
  }

 private:
  c10::OptionalStreamGuard guard_;
};

std::string init_text(const InitialWeights& from, const TakenWeights& taken,
                      const std::vector<Array>& masks) {
  std::string text =
      fmt::format("begins with {}: {} arrays by name", from.file.string(), taken.same.size());
  for (const auto& [theirs, ours] : taken.renamed) text += fmt::format(", {} as {}", theirs, ours);
  if (!taken.own.empty()) text += fmt::format("\n  by the spec: {}", fmt::join(taken.own, ", "));
  if (!taken.unused.empty())
    text += fmt::format("\n  in the file, not taken: {}", fmt::join(taken.unused, ", "));
  for (const Array& mask : masks)
    text += fmt::format("\n  {}: not taken, all weights are trained", mask.name);
  return text;
}

std::string pruned_text(const InitialWeights& from, const SparseModel& model) {
  std::string text = fmt::format("begins with {}", from.file.string());
  for (const PrunedLayer& layer : model.layers) {
    text += fmt::format("\n  {}: {} of {} weights kept, the dropped are {}", layer.layer,
                        count_text(layer.kept()), count_text(layer.count()),
                        layer.replace == "zero" ? "zero" : "held at their means");
  }
  return text;
}

}  // namespace

SessionImages::SessionImages(Dataset read, at::Device device)
    : dataset(std::move(read)),
      train(to_device(dataset.train, Split::train, device)),
      test(to_device(dataset.test, Split::test, device)) {
  if (dataset.validation.count() > 0)
    validation = to_device(dataset.validation, Split::validation, device);
}

std::string take_initial_weights(Network& network, const InitialWeights& from) {
  if (from.pruned) {
    const SparseModel model =
        sparse_model_from_document(read_document(from.file, "pruned"), from.file.string());
    try {
      Network trainable(network.spec());
      load_trainable(trainable, model);
      copy_network(trainable, network);
      return pruned_text(from, model);
    } catch (const Error& error) {
      throw Error(error.kind(), fmt::format("{}: {}", from.file.string(), error.what()));
    }
  }
  const Snapshot snapshot = read_snapshot(from.file);
  try {
    return init_text(from, take_weights(network, snapshot, from.variances), snapshot.masks);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("--init {}: {}", from.file.string(), error.what()));
  }
}

TrainingSession::TrainingSession(RunFolder run, RunConfig config, const SessionImages& images,
                                 const Options& options, at::Device device,
                                 const std::string& label, bool own_stream)
    : run_(std::move(run)),
      config_(std::move(config)),
      options_(options),
      device_(device),
      label_(label),
      images_(images),
      network_(config_.network),
      metrics_file_(run_.layout().metrics(), images.dataset.validation.count() > 0
                                                 ? std::vector<std::string>{"test", "validation"}
                                                 : std::vector<std::string>{"test"}),
      table_(columns(!label.empty(), false), !options.wide),
      writer_(SnapshotWriterOptions{config_.train.keep_optimizer, 2, nullptr}) {
  if (own_stream && device.is_cuda())
    stream_ = c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device);
  const OnStream on(stream_);
  network_.initialize(static_cast<std::uint64_t>(config_.train.seed));
  network_.to(device);
  trainer_ = std::make_unique<Trainer>(network_, images_.train, config_.train);
  provenance_ = provenance(device);
  provenance_["dataset"] = text_of_bytes(images_.dataset.name);
  if (!images_.dataset.notes.empty())
    provenance_["dataset_notes"] =
        terminal_text(fmt::format("{}", fmt::join(images_.dataset.notes, "; ")));
  provenance_[kDatasetDigest] = images_.dataset.digest;
  provenance_["precision"] = config_.train.precision;
}

std::string TrainingSession::prefixed(const std::string& message) const {
  return label_.empty() ? message : fmt::format("member {}: {}", label_, message);
}

void TrainingSession::resume(const ResumePoint& point, const std::string& changed_data) {
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
  print_err("{}\n", prefixed(text));
}

void TrainingSession::begin_with(const InitialWeights& from) {
  const OnStream on(stream_);
  const std::string text = take_initial_weights(network_, from);
  provenance_["init"] = text_of_bytes(from.file.string());
  provenance_["init_digest"] = document_digest(from.file);
  print_out("{}\n", prefixed(text));
  log_info(prefixed(text));
}

void TrainingSession::start() {
  const OnStream on(stream_);
  if (!trainer_->sparsity().empty())
    table_ = TextTable(columns(!label_.empty(), true), !options_.wide);
  write_json_file(run_.layout().environment(), Json(provenance_));
  if (!resumed_) first_checkpoint();
}

std::int64_t TrainingSession::steps_left() const {
  return config_.train.epochs * trainer_->steps_per_epoch() - trainer_->step();
}

std::optional<double> TrainingSession::evaluation_a_step() const {
  if (!evaluation_seconds_) return std::nullopt;
  return *evaluation_seconds_ /
         static_cast<double>(config_.train.evaluate_every * trainer_->steps_per_epoch());
}

void TrainingSession::begin_epoch() {
  const OnStream on(stream_);
  trainer_->begin_epoch();
}

bool TrainingSession::step() {
  const OnStream on(stream_);
  try {
    return trainer_->run_step();
  } catch (const Error& error) {
    throw with_last_checkpoint(error);
  }
}

bool TrainingSession::end_epoch() {
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

Error TrainingSession::with_last_checkpoint(const Error& error) {
  if (error.kind() != ErrorKind::numeric) return error;
  writer_.flush();
  const std::vector<std::int64_t> epochs = run_.epochs();
  return Error(
      error.kind(),
      prefixed(fmt::format("{}\n  last good checkpoint: {}; a smaller train.learning_rate may hold",
                           error.what(),
                           epochs.empty() ? "none" : run_.checkpoint(epochs.back()).string())));
}

Snapshot TrainingSession::complete(Snapshot snapshot,
                                   const std::map<std::string, double>& metrics) const {
  snapshot.config = to_json(config_).dump();
  snapshot.provenance = provenance_;
  snapshot.metrics.insert(metrics.begin(), metrics.end());
  return snapshot;
}

void TrainingSession::first_checkpoint() {
  EpochReport report;
  report.nll = std::nan("");
  report.kl = trainer_->kl();
  report.elbo = std::nan("");
  report.log_alpha = trainer_->log_alpha();
  report.sparsity = trainer_->sparsity();
  const auto metrics = metrics_file_.append(report, 0, evaluate());
  writer_.submit(run_.checkpoint(0), complete(trainer_->snapshot(), metrics));
  writer_.flush();
  const auto bytes = static_cast<double>(fs::file_size(run_.checkpoint(0)));
  print_out("{}: {} training, {} validation, {} test images; {} weights; {}\n",
            run_.path().string(), count_text(images_.train.count()),
            count_text(images_.dataset.validation.count()), count_text(images_.test.count()),
            count_text(network_.weight_count()), device_name(device_));
  const std::int64_t further = config_.train.epochs / config_.train.every;
  const auto without = static_cast<double>(network_.weight_count() * 4);  // optimizer state
  const double all = bytes + without * static_cast<double>(further);
  print_out("checkpoints: {} with optimizer state, about {} in all\n\n", bytes_text(bytes),
            bytes_text(all));
}

SplitMetrics TrainingSession::evaluate() {
  const Stopwatch clock;
  const auto metrics_of = [&](const DeviceImages& images) {
    return Predictor(network_, images, static_cast<std::uint64_t>(config_.train.seed))
        .all_metrics(config_.train.samples);
  };
  SplitMetrics metrics{{"test", metrics_of(images_.test)}};
  if (images_.dataset.validation.count() > 0)
    metrics["validation"] = metrics_of(images_.validation);
  evaluation_seconds_ = clock.seconds();
  return metrics;
}

void TrainingSession::drop_weights(EpochReport& report) {
  const TrainConfig& train = config_.train;
  if (!prunes_after(train, report.epoch)) return;
  const double sparsity = prune_sparsity(train, report.epoch);
  trainer_->prune(sparsity, pruning_score(network_, images_.train, train.prune_criterion,
                                          static_cast<std::uint64_t>(train.seed)));
  report.sparsity = trainer_->sparsity();
  report.log_alpha = trainer_->log_alpha();
  report.kl = trainer_->kl();
  report.elbo = -(report.nll + report.kl);
  log_info(prefixed(fmt::format("epoch {}: sparsity {:.4f} by {}", report.epoch, sparsity,
                                train.prune_criterion)));
}

void TrainingSession::finish_epoch(EpochReport report) {
  drop_weights(report);
  const SplitMetrics evaluated = evaluates() ? evaluate() : SplitMetrics{};
  const auto metrics = metrics_file_.append(report, trainer_->step(), evaluated);
  double log_alpha = 0;
  for (const auto& entry : report.log_alpha)
    log_alpha = std::max(log_alpha == 0 ? entry.second : log_alpha, entry.second);
  std::vector<std::string> cells{std::to_string(report.epoch),
                                 fmt::format("{:.4g}", report.nll),
                                 fmt::format("{:.4g}", report.kl),
                                 report.log_alpha.empty() ? "-" : fmt::format("{:.2f}", log_alpha),
                                 accuracy_text(evaluated, "deterministic"),
                                 accuracy_text(evaluated, "stochastic"),
                                 accuracy_text(evaluated, "ensemble"),
                                 accuracy_text(evaluated, "zero_mean"),
                                 count_text(std::llround(report.images_per_second))};
  if (!report.sparsity.empty()) {
    double dropped = 0, weights = 0;
    for (const VarianceLayer* layer : network_.variance_layers()) {
      const auto found = report.sparsity.find(layer->name());
      if (found == report.sparsity.end()) continue;
      dropped += found->second * static_cast<double>(layer->mean().numel());
      weights += static_cast<double>(layer->mean().numel());
    }
    cells.insert(cells.end() - 1, fmt::format("{:.2f}", 100 * dropped / weights));
  }
  if (!label_.empty()) cells.insert(cells.begin(), label_);
  print_out("{}\n", table_.row(cells));
  flush_out();
  log_info(
      prefixed(fmt::format("epoch {} nll {:.6g} kl {:.6g}", report.epoch, report.nll, report.kl)));
  if (is_due(config_.train.every, report.epoch)) {
    // What was saved within an epoch goes when something newer is on the disk, not before.
    writer_.submit(run_.checkpoint(report.epoch), complete(trainer_->snapshot(), metrics),
                   [file = run_.layout().interrupted()] { fs::remove(file); });
  }
}

void TrainingSession::interrupted() {
  const OnStream on(stream_);
  writer_.submit(run_.layout().interrupted(), complete(trainer_->snapshot(), {}));
  writer_.flush();
  const std::string text = fmt::format("stopped at step {} and saved", trainer_->step());
  log_info(prefixed(text));
  print_err("\n{}\n", prefixed(text));
}

void TrainingSession::finish() {
  writer_.flush();
  log_info(prefixed("finished"));
}

LongWork work_of(const std::vector<TrainingSession*>& sessions, std::int64_t further) {
  const TrainingSession& first = *sessions.front();
  const std::int64_t members = std::ssize(sessions) + further;
  LongWork work;
  work.unit = "steps";
  work.between = first.evaluation_a_step();
  work.what = fmt::format("{} epochs", first.epochs());
  if (members > 1) {
    work.what = fmt::format("{} members of {}", members, work.what);
  } else if (first.epoch() > 0) {
    work.what = fmt::format("{} of {}", first.epochs() - first.epoch(), work.what);
  }
  for (const TrainingSession* session : sessions) work.count += session->steps_left();
  work.count += further * first.epochs() * first.steps_per_epoch();
  return work;
}

int run_sessions(const std::vector<TrainingSession*>& sessions, bool quiet, TimeEstimate& estimate,
                 const std::atomic<bool>& stop) {
  std::int64_t left = 0;
  for (const TrainingSession* session : sessions)
    left += session->steps_left() * session->batch_size();
  Progress progress("", left, " images", quiet);
  const std::string left_out = sessions.front()->table().left_out();
  if (!left_out.empty()) print_out("{}\n", left_out);
  print_out("{}\n", sessions.front()->table().header());
  std::vector<TrainingSession*> active = sessions;
  int code = kSuccess;
  // One session's piece of work; a diverged one of several is said and left out.
  const auto keeps_going = [&](const std::function<void()>& work) {
    try {
      work();
      return true;
    } catch (const Error& error) {
      progress.clear();
      if (error.kind() != ErrorKind::numeric || sessions.size() == 1) throw;
      log_warning(error.what());
      code = exit_code(error.kind());
      return false;
    }
  };
  const auto drop = [&active](const std::vector<TrainingSession*>& gone) {
    for (TrainingSession* session : gone) std::erase(active, session);
  };
  while (true) {
    std::erase_if(active, [](TrainingSession* session) {
      if (!session->done()) return false;
      session->finish();
      return true;
    });
    if (active.empty()) return code;
    if (stop) break;
    progress.describe(
        fmt::format("epoch {}/{}", active.front()->epoch() + 1, active.front()->epochs()));
    std::vector<TrainingSession*> gone;
    for (TrainingSession* session : active) session->begin_epoch();
    std::vector<TrainingSession*> stepping = active;
    while (!stepping.empty() && !stop) {
      std::erase_if(stepping, [&](TrainingSession* session) {
        bool more = false;
        if (!keeps_going([&] { more = session->step(); })) gone.push_back(session);
        progress.advance(session->batch_size());
        estimate.advance(1, progress);
        return !more;
      });
    }
    drop(gone);
    gone.clear();
    progress.clear();
    for (TrainingSession* session : active) {
      if (!keeps_going([&] { session->end_epoch(); })) gone.push_back(session);
    }
    drop(gone);
    if (!stop && !active.empty() && active.front()->evaluates()) estimate.end_piece(progress);
  }
  progress.clear();
  for (TrainingSession* session : active) session->interrupted();
  return kInterrupted;
}

}  // namespace varphase
