// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <csignal>

#include <fmt/ranges.h>

#include "analysis/predict/predictor.hpp"
#include "checkpoints/retention.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "checkpoints/snapshot_writer.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/log.hpp"
#include "src/base/progress.hpp"
#include "src/base/text_table.hpp"
#include "src/models/presets.hpp"
#include "src/train/trainer.hpp"
#include "tools/run_folder.hpp"
#include "tools/session.hpp"
#include "tools/verbs/metrics_file.hpp"
#include "tools/verbs/verbs.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

std::atomic<bool> stop_requested{false};

// A second signal ends the program the usual way.
extern "C" void request_stop(int signal) {
  stop_requested.store(true);
  std::signal(signal, SIG_DFL);
}

RunConfig resolve_config(const Options& options) {
  VARPHASE_CHECK(options.preset.empty() || options.config.empty(), ErrorKind::usage,
                 "give --preset or --config, not both");
  VARPHASE_CHECK(!options.preset.empty() || !options.config.empty() || !options.network.empty(),
                 ErrorKind::usage,
                 "what shall be trained? give --preset ({}), --config FILE or --network FILE",
                 fmt::join(preset_names(), ", "));
  RunConfig config;
  Json json = Json::object();
  if (!options.preset.empty()) json = preset(options.preset);
  if (!options.config.empty()) json = read_json_file(options.config);
  json.erase("about");
  assign_fields(config, json);
  if (!options.network.empty()) config.network = read_json_file(options.network);
  for (const auto& [key, value] : options.fields) set_field(config, key + "=" + value);
  for (const std::string& assignment : options.set) set_field(config, assignment);
  return config;
}

void make_run_folder(const fs::path& path, const RunConfig& config, bool overwrite) {
  if (fs::exists(path) && !fs::is_empty(path)) {
    VARPHASE_CHECK(
        overwrite, ErrorKind::usage,
        "{}: there is something already\n  --resume goes on with a run, --overwrite replaces it",
        path.string());
    VARPHASE_CHECK(fs::exists(path / "config.json"), ErrorKind::usage,
                   "{}: --overwrite replaces runs alone, and this is none (no config.json)",
                   path.string());
    for (const char* part :
         {"checkpoints", "kappa", "sweeps", "pruned", "evaluations", "config.json", "metrics.csv",
          "log.txt", "environment.json", "transition.json", "transition.csv", "report.html"}) {
      fs::remove_all(path / part);
    }
  }
  std::error_code error;
  fs::create_directories(path / "checkpoints", error);
  VARPHASE_CHECK(!error, ErrorKind::io, "{}: cannot be made: {}", path.string(), error.message());
  write_json_file(path / "config.json", to_json(config));
}

std::string accuracy_text(const EvaluationMetrics& metrics, const std::string& estimator) {
  return fmt::format("{:.2f}", 100 * metrics.at(estimator).accuracy);
}

/// The run's state between epochs: checkpoint writer, metrics file, tables.
class TrainingSession {
 public:
  TrainingSession(RunFolder run, RunConfig config, Dataset dataset, const Options& options,
                  at::Device device)
      : run_(std::move(run)),
        config_(std::move(config)),
        options_(options),
        device_(device),
        dataset_(std::move(dataset)),
        network_(config_.network),
        metrics_file_(run_.path() / "metrics.csv"),
        table_({{"epoch", 5},
                {"nll", 10},
                {"kl", 10},
                {"log alpha", 9},
                {"det. %", 7},
                {"stoch. %", 8},
                {"ens. %", 7},
                {"zero m. %", 9},
                {"images/s", 9}}) {
    network_.initialize(static_cast<std::uint64_t>(config_.train.seed));
    network_.to(device);
    train_ = to_device(dataset_.train, Split::train, device);
    test_ = to_device(dataset_.test, Split::test, device);
    if (dataset_.validation.count() > 0)
      validation_ = to_device(dataset_.validation, Split::validation, device);
    trainer_ = std::make_unique<Trainer>(network_, train_, config_.train);
    provenance_ = provenance(device);
    provenance_["dataset"] = dataset_.name;
    provenance_[kDatasetDigest] = dataset_.digest;
  }

  void resume() {
    fs::path from;
    const fs::path interrupted = interrupted_path();
    if (fs::exists(interrupted)) {
      from = interrupted;
    } else {
      const NewestEpoch newest = newest_readable_epoch(run_.checkpoints());
      for (const std::string& damaged : newest.skipped) log_warning(damaged);
      VARPHASE_CHECK(newest.epoch.has_value(), ErrorKind::io, "{}: no checkpoint to resume from",
                     run_.checkpoints().string());
      from = run_.checkpoint(*newest.epoch);
    }
    trainer_->restore(read_snapshot(from));
    metrics_file_.keep_until(trainer_->epoch());
    fmt::print(stderr, "resuming from {} (epoch {}, step {})\n", from.filename().string(),
               trainer_->epoch(), trainer_->step());
  }

  int run() {
    write_json_file(run_.path() / "environment.json", Json(provenance_));
    if (trainer_->epoch() == 0 && trainer_->step() == 0) first_checkpoint();
    const std::int64_t left = config_.train.epochs - trainer_->epoch();
    Progress progress("", left * trainer_->steps_per_epoch() * config_.train.batch_size, " images",
                      options_.quiet);
    fmt::print("{}\n", table_.header());
    while (trainer_->epoch() < config_.train.epochs) {
      progress.describe(fmt::format("epoch {}/{}", trainer_->epoch() + 1, config_.train.epochs));
      const EpochReport report = run_epoch(progress);
      progress.clear();
      if (!report.complete) return interrupted();
      finish_epoch(report);
      if (stop_requested && trainer_->epoch() < config_.train.epochs) return interrupted();
    }
    writer_.flush();
    fs::remove(interrupted_path());
    log_info("finished");
    return kSuccess;
  }

 private:
  fs::path interrupted_path() const { return run_.checkpoints() / "interrupted.h5"; }

  EpochReport run_epoch(Progress& progress) {
    try {
      return trainer_->run_epoch([&](std::int64_t images) { progress.advance(images); },
                                 stop_requested);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::numeric) throw;
      progress.clear();
      writer_.flush();
      const std::vector<std::int64_t> epochs = run_.epochs();
      throw Error(
          error.kind(),
          fmt::format("{}\n  last good checkpoint: {}; a smaller train.learning_rate may hold",
                      error.what(),
                      epochs.empty() ? "none" : run_.checkpoint(epochs.back()).string()));
    }
  }

  Snapshot complete(Snapshot snapshot, const std::map<std::string, double>& metrics) const {
    snapshot.config = to_json(config_).dump();
    snapshot.provenance = provenance_;
    snapshot.metrics.insert(metrics.begin(), metrics.end());
    return snapshot;
  }

  void first_checkpoint() {
    EpochReport report;
    report.nll = std::nan("");
    report.kl = trainer_->kl();
    report.elbo = std::nan("");
    report.log_alpha = trainer_->log_alpha();
    const auto metrics = metrics_file_.append(report, 0, evaluate(test_), validation_metrics());
    writer_.submit(run_.checkpoint(0), complete(trainer_->snapshot(), metrics));
    writer_.flush();
    const auto bytes = static_cast<double>(fs::file_size(run_.checkpoint(0)));
    fmt::print("{}: {} training, {} validation, {} test images; {} weights; {}\n",
               run_.path().string(), count_text(train_.count()),
               count_text(dataset_.validation.count()), count_text(test_.count()),
               count_text(network_.weight_count()), device_name(device_));
    const std::int64_t further = config_.train.epochs / config_.train.every;
    const double all = bytes + bytes / 3 * static_cast<double>(further);
    fmt::print("checkpoints: {} with optimizer state, about {} in all\n\n", bytes_text(bytes),
               bytes_text(all));
  }

  EvaluationMetrics evaluate(const DeviceImages& images) {
    return Predictor(network_, images, static_cast<std::uint64_t>(config_.train.seed))
        .all_metrics(config_.train.samples);
  }
  std::optional<EvaluationMetrics> validation_metrics() {
    if (dataset_.validation.count() == 0) return std::nullopt;
    return evaluate(validation_);
  }

  void finish_epoch(const EpochReport& report) {
    const EvaluationMetrics test = evaluate(test_);
    const auto metrics = metrics_file_.append(report, trainer_->step(), test, validation_metrics());
    double log_alpha = 0;
    for (const auto& entry : report.log_alpha)
      log_alpha = std::max(log_alpha == 0 ? entry.second : log_alpha, entry.second);
    fmt::print("{}\n",
               table_.row({std::to_string(report.epoch), fmt::format("{:.4g}", report.nll),
                           fmt::format("{:.4g}", report.kl),
                           report.log_alpha.empty() ? "-" : fmt::format("{:.2f}", log_alpha),
                           accuracy_text(test, "deterministic"), accuracy_text(test, "stochastic"),
                           accuracy_text(test, "ensemble"), accuracy_text(test, "zero_mean"),
                           count_text(std::llround(report.images_per_second))}));
    std::fflush(stdout);
    log_info(fmt::format("epoch {} nll {:.6g} kl {:.6g}", report.epoch, report.nll, report.kl));
    if (report.epoch % config_.train.every == 0 || report.epoch == config_.train.epochs) {
      writer_.submit(run_.checkpoint(report.epoch), complete(trainer_->snapshot(), metrics));
    }
    fs::remove(interrupted_path());
  }

  int interrupted() {
    writer_.submit(interrupted_path(), complete(trainer_->snapshot(), {}));
    writer_.flush();
    log_info(fmt::format("interrupted at step {}", trainer_->step()));
    fmt::print(stderr,
               "\nstopped at step {} and saved\n  go on with: varphase train --resume --run {}\n",
               trainer_->step(), run_.path().string());
    return kInterrupted;
  }

  RunFolder run_;
  RunConfig config_;
  const Options& options_;
  at::Device device_;
  Dataset dataset_;
  Network network_;
  DeviceImages train_, test_, validation_;
  std::unique_ptr<Trainer> trainer_;
  std::map<std::string, std::string> provenance_;
  MetricsFile metrics_file_;
  TextTable table_;
  SnapshotWriter writer_{SnapshotWriterOptions{config_.train.keep_optimizer, 2, nullptr}};
};

}  // namespace

int run_train(const Options& options) {
  const fs::path path = options.run;
  RunConfig config;
  if (options.resume) {
    VARPHASE_CHECK(options.preset.empty() && options.config.empty() && options.network.empty() &&
                       options.set.empty() && options.fields.empty(),
                   ErrorKind::usage,
                   "--resume takes the run's own configuration: leave the other flags out");
    config = RunFolder(path).config();
  } else {
    config = resolve_config(options);
  }
  const at::Device device = open_device(options);
  set_numerics(config.train.deterministic, config.train.tf32);
  // All that can be wrong with the input is said before anything is written or replaced.
  Dataset dataset = open_dataset(config.data, options.data);
  check_fits(Network(config.network), dataset);
  check_batch_size(config.train, dataset.train.count());
  if (!options.resume) make_run_folder(path, config, options.overwrite);
  remove_stale_temporaries(path / "checkpoints");
  open_log_file(path / "log.txt");
  std::signal(SIGINT, request_stop);
  std::signal(SIGTERM, request_stop);
  TrainingSession session(RunFolder(path), config, std::move(dataset), options, device);
  if (options.resume) session.resume();
  return session.run();
}

}  // namespace varphase
