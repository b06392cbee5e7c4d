// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/resume_run.hpp"

#include "checkpoints/retention.hpp"
#include "src/base/log.hpp"
#include "src/torch/numerics.hpp"
#include "tools/app/config_overrides.hpp"
#include "tools/app/device.hpp"
#include "tools/app/follow_training.hpp"
#include "tools/app/resume_point.hpp"
#include "tools/app/run_contents.hpp"
#include "tools/app/run_folder.hpp"
#include "tools/app/run_images.hpp"
#include "tools/app/run_lock.hpp"
#include "tools/app/run_marker.hpp"
#include "tools/app/run_trainer.hpp"
#include "tools/app/side_by_side.hpp"
#include "tools/app/training_images.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// Of a config.json in which other images were written: they are looked for where it says now.
void follow_images(DataConfig& config, const ResumePoint& point) {
  RunConfig before;
  assign_fields(before, parse_json(point.snapshot.config, point.file.string()));
  if (config.data != before.data.data && config.source == before.data.source) record_source(config);
}

/// @throws Error io where nothing is saved, and the run is not one that has yet to save.
ResumePoint checked_resume_point(const RunFolder& run, const RunConfig& config,
                                 const std::optional<RunMarker>& marker, TrainJob& job) {
  ResumePoint point = find_resume_point(run, config, job);
  VARPHASE_CHECK(!point.begins() || (marker && is_before_first_checkpoint(run.path())),
                 ErrorKind::io,
                 "{}: no checkpoint to resume from\n  put its checkpoints back, or train anew with "
                 "--overwrite",
                 run.layout().checkpoints().string());
  return point;
}

}  // namespace

bool apply_resume_overrides(RunConfig& config, const TextList& set) {
  const RunConfig before = config;
  for (const std::string& assignment : set) {
    const std::string key = assignment.substr(0, assignment.find('='));
    VARPHASE_CHECK(key == "data.data" || key == "train.epochs" || key == "train.extension",
                   ErrorKind::usage,
                   "--resume takes the run's own configuration: of it only --data (images that "
                   "moved), --epochs (more of them) and --extension can be given, not {}",
                   key);
    set_field(config, assignment);
  }
  if (overrides(set, "data.data")) record_source(config.data);
  TrainConfig& train = config.train;
  VARPHASE_CHECK(train.epochs >= before.train.epochs, ErrorKind::usage,
                 "--epochs {}: the run is of {} epochs; --resume makes it longer, not shorter\n  "
                 "Ctrl-C stops it, and every epoch saved is a result",
                 train.epochs, before.train.epochs);
  const bool longer = train.epochs > before.train.epochs;
  VARPHASE_CHECK(longer || train.extension == before.train.extension, ErrorKind::usage,
                 "--extension says how --epochs makes a run longer: give both");
  if (longer) {
    // Of rates that are held once, the first plan says which.
    const bool held = before.train.extended_from > 0 && before.train.extension == "constant" &&
                      train.extension == "constant";
    if (!held) train.extended_from = before.train.epochs;
    if (train.prune_sparsity > 0 && train.prune_end == 0) train.prune_end = before.train.epochs;
  }
  return to_json(config) != to_json(before);
}

TrainResult resume_run(const Resumption& resumption, TrainJob& job) {
  const RunFolder run(resumption.run);
  run.config();  // what is no run of ours is refused before anything is written there
  const RunLock lock = RunLock::training(run.path());
  remove_stale_temporaries_of_run(run.path(), true);
  open_log_file(run.layout().log());
  RunConfig config = run.config();
  const bool changed = apply_resume_overrides(config, resumption.set);
  fs::create_directories(run.layout().checkpoints());
  const std::optional<RunMarker> marker = read_run_marker(run.path());
  const ResumePoint point = checked_resume_point(run, config, marker, job);
  if (!point.begins()) follow_images(config.data, point);
  if (!point.begins() && point.snapshot.epoch >= config.train.epochs) {
    finish_dropping(run.layout().checkpoints(), config.train.keep_optimizer);
    TrainResult result;
    result.run = run.path().string();
    result.epochs = config.train.epochs;
    result.finished_before = true;
    lead_nothing(communicator(), resumption.device, result);
    return result;
  }
  const std::optional<InitialWeights> init =
      point.begins() ? initial_weights_of(*marker) : std::nullopt;
  const at::Device device = open_device(resumption.device);
  set_numerics(config.train.deterministic, config.train.precision != "float32");
  const TrainingImages images(
      checked_dataset(config, {.made_now = false, .fresh = point.begins()}, {}, init, job), device);
  const std::string changed_data =
      check_same_images(point, images.dataset, resumption.accept_changed_data);
  job.begin_stoppable();
  Communicator& ranks = communicator();
  lead_training(ranks, config, false);
  RunTrainer trainer(run, config, images, device, "", false, job, &ranks);
  if (!point.begins()) trainer.resume(point, changed_data);
  // Only what is not refused by then changes the run.
  if (changed) {
    write_json_file(run.layout().config(), to_json(config));
    log_info(
        fmt::format("of {} epochs now, images in {}", config.train.epochs, images.dataset.source));
  }
  if (init) trainer.begin_with(*init);
  trainer.start();
  return train_alone(trainer, device, job);
}

}  // namespace varphase
