// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/training_run.hpp"

#include <set>

#include "checkpoints/document.hpp"
#include "checkpoints/retention.hpp"
#include "src/base/console.hpp"
#include "src/base/log.hpp"
#include "src/base/text_table.hpp"
#include "src/torch/kernel_arguments.hpp"
#include "src/torch/numerics.hpp"
#include "src/train/training_checks.hpp"
#include "tools/app/class_names.hpp"
#include "tools/app/device.hpp"
#include "tools/app/loaded_network.hpp"
#include "tools/app/new_run.hpp"
#include "tools/app/run_contents.hpp"
#include "tools/app/run_images.hpp"
#include "tools/app/run_lock.hpp"
#include "tools/app/trained_images.hpp"
#include "tools/cli/stop_signal.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// What people else would learn when the training is done.
void say_what_is_held_back(const RunConfig& config, const Dataset& dataset,
                           const Network& network) {
  const std::int64_t images = dataset.train.count(), rest = images % config.train.batch_size;
  if (rest > 0)
    print_err(
        "each epoch leaves out {} of {} training images, others every time:\n"
        "  they fill no batch of {}\n",
        count_text(rest), count_text(images), count_text(config.train.batch_size));
  if (dataset.validation.count() == 0 && !network.variance_layers().empty())
    print_err(
        "no validation images are held back: prune --choose will want some, and sweep\n"
        "  --choose will choose on test images; --validation 0.1 holds back a tenth\n");
}

/// Of the images that a file's network was trained on; "" where it does not tell.
std::string dataset_digest_of(const fs::path& file) {
  const Document header = read_document_header(file);
  const Attribute* found = header.find_attribute(std::string("provenance.") + kDatasetDigest);
  const auto* text = found == nullptr ? nullptr : std::get_if<std::string>(found);
  return text == nullptr ? "" : *text;
}

/// Of a config.json in which other images were written: they are looked for where it says now.
void follow_images(DataConfig& config, const ResumePoint& point) {
  RunConfig before;
  assign_fields(before, parse_json(point.snapshot.config, point.file.string()));
  if (config.data != before.data.data && config.source == before.data.source) record_source(config);
}

int run_to_end(TrainingSession& session, const Options& options, at::Device device) {
  TimeEstimate estimate(work_of({&session}, 0), options.quiet, [device] { synchronize(device); });
  const int code = run_sessions({&session}, options.quiet, estimate, stop_requested());
  if (code == kInterrupted) say_resume(session.folder());
  return code;
}

}  // namespace

Dataset checked_dataset(RunConfig& config, const Options& options, bool fresh,
                        const std::optional<InitialWeights>& init) {
  Dataset dataset = open_dataset(config.data, "");
  if (config.data.source.empty()) record_source(config.data);
  record_normalization(config.data, dataset);
  if (!options.resume) {
    TextList set = options.overrides();
    if (!options.data.empty()) set.push_back("data.data=" + options.data);
    record_class_names(config.data, dataset, set);
  }
  Network network(config.network);
  check_fits(network, dataset, true);
  if (init) take_initial_weights(network, *init);
  if (fresh) check_log_alpha_max(config.train, network);
  check_masks(config.train, network);
  check_training(config.train, dataset.train.count());
  check_batch_norm(config.train, network);
  if (fresh) say_what_is_held_back(config, dataset, network);
  return dataset;
}

void refuse_inside(const fs::path& run, const fs::path& file, const std::string& flag) {
  const fs::path inside = fs::weakly_canonical(file).lexically_relative(fs::weakly_canonical(run));
  VARPHASE_CHECK(inside.empty() || *inside.begin() == "..", ErrorKind::usage,
                 "{}: lies in the run that --overwrite would replace\n  give another --run", flag);
}

RunMarker marker_of(const std::optional<InitialWeights>& init) {
  RunMarker marker;
  if (init) {
    marker.init = fs::absolute(init->file).string();
    marker.init_variances = init->variances;
    marker.init_pruned = init->pruned;
  }
  return marker;
}

std::optional<InitialWeights> initial_weights_of(const RunMarker& marker) {
  if (marker.init.empty()) return std::nullopt;
  const fs::path file = marker.init;
  VARPHASE_CHECK(fs::exists(file), ErrorKind::io,
                 "{}: no such file, and the run has yet to begin with it\n  put it back, or train "
                 "anew with --overwrite",
                 marker.init);
  return InitialWeights{file, marker.init_variances, marker.init_pruned};
}

bool apply_resume_flags(RunConfig& config, const Options& options) {
  const RunConfig before = config;
  for (const auto& [key, value] : options.fields) {
    VARPHASE_CHECK(key == "data.data" || key == "train.epochs" || key == "train.extension",
                   ErrorKind::usage,
                   "--resume takes the run's own configuration: of it only --data (images that "
                   "moved), --epochs (more of them) and --extension can be given, not {}",
                   key);
    set_field(config, key + "=" + value);
  }
  if (options.fields.count("data.data") > 0) record_source(config.data);
  if (!options.data.empty()) {
    config.data.data = options.data;
    record_source(config.data);
  }
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

void say_resume(const fs::path& path) {
  print_err("  go on with: varphase train --resume --run {}\n", path.string());
}

void say_finished(const fs::path& path, std::int64_t epochs) {
  print_out("{}: all of its {} epochs are trained\n  --resume --epochs N makes it longer\n",
            path.string(), epochs);
}

int train_run(const Options& options, RunConfig config, const std::optional<InitialWeights>& init) {
  NewRun made(options.run, options.overwrite ? OldRun::replace : OldRun::refuse);
  const fs::path path = options.run;
  const at::Device device = open_device({options.device, options.threads});
  set_numerics(config.train.deterministic, config.train.precision != "float32");
  const SessionImages images(checked_dataset(config, options, true, init), device);
  if (init && init->pruned)
    trained_images(images.dataset, dataset_digest_of(init->file), init->file.string());
  made.begin(config, marker_of(init));
  open_log_file(RunLayout{path}.log());
  take_signals();
  TrainingSession session(RunFolder(path), config, images, options, device, "", false);
  if (init) session.begin_with(*init);
  session.start();
  made.keep();
  return run_to_end(session, options, device);
}

int resume_run(const Options& options) {
  const RunFolder run(options.run);
  run.config();  // what is no run of ours is refused before anything is written there
  const RunLock lock = RunLock::training(run.path());
  remove_stale_temporaries_of_run(run.path(), true);
  open_log_file(run.layout().log());
  RunConfig config = run.config();
  const bool changed = apply_resume_flags(config, options);
  fs::create_directories(run.layout().checkpoints());
  const ResumePoint point = find_resume_point(run, config);
  const std::optional<RunMarker> marker = read_run_marker(run.path());
  VARPHASE_CHECK(!point.begins() || (marker && is_before_first_checkpoint(run.path())),
                 ErrorKind::io,
                 "{}: no checkpoint to resume from\n  put its checkpoints back, or train anew with "
                 "--overwrite",
                 run.layout().checkpoints().string());
  if (!point.begins()) follow_images(config.data, point);
  if (!point.begins() && point.snapshot.epoch >= config.train.epochs) {
    finish_dropping(run.layout().checkpoints(), config.train.keep_optimizer);
    say_finished(run.path(), config.train.epochs);
    return kSuccess;
  }
  const std::optional<InitialWeights> init =
      point.begins() ? initial_weights_of(*marker) : std::nullopt;
  const at::Device device = open_device({options.device, options.threads});
  set_numerics(config.train.deterministic, config.train.precision != "float32");
  const SessionImages images(checked_dataset(config, options, point.begins(), init), device);
  const std::string changed_data =
      check_same_images(point, images.dataset, options.accept_changed_data);
  take_signals();
  TrainingSession session(run, config, images, options, device, "", false);
  if (!point.begins()) session.resume(point, changed_data);
  // Only what is not refused by then changes the run.
  if (changed) {
    write_json_file(run.layout().config(), to_json(config));
    log_info(
        fmt::format("of {} epochs now, images in {}", config.train.epochs, images.dataset.source));
  }
  if (init) session.begin_with(*init);
  session.start();
  return run_to_end(session, options, device);
}

}  // namespace varphase
