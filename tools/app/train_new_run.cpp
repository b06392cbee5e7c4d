// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/train_new_run.hpp"

#include <fmt/format.h>

#include "checkpoints/document.hpp"
#include "src/base/log.hpp"
#include "src/torch/numerics.hpp"
#include "tools/app/device.hpp"
#include "tools/app/follow_training.hpp"
#include "tools/app/new_run_folder.hpp"
#include "tools/app/run_trainer.hpp"
#include "tools/app/side_by_side.hpp"
#include "tools/app/trained_images.hpp"
#include "tools/app/training_images.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// Of the images that a file's network was trained on; "" where it does not tell.
std::string dataset_digest_of(const fs::path& file) {
  const Document header = read_document_header(file);
  const Attribute* found = header.find_attribute(fmt::format("provenance.{}", kDatasetDigest));
  const auto* text = found == nullptr ? nullptr : std::get_if<std::string>(found);
  return text == nullptr ? "" : *text;
}

}  // namespace

TrainResult train_new_run(NewTraining training, TrainJob& job) {
  RunConfig& config = training.config;
  const std::optional<InitialWeights>& init = training.init;
  NewRunFolder made(training.run, training.overwrite ? OldRun::replace : OldRun::refuse);
  const fs::path path = training.run;
  const at::Device device = open_device(training.device);
  set_numerics(config.train.deterministic, config.train.precision != "float32");
  const TrainingImages images(checked_dataset(config, TrainingStage{}, training.set, init, job),
                              device);
  if (init && init->pruned)
    trained_images(images.dataset, dataset_digest_of(init->file), init->file.string());
  made.begin(config, marker_of(init));
  open_log_file(RunLayout{path}.log());
  job.begin_stoppable();
  Communicator& ranks = communicator();
  lead_training(ranks, config, true);
  RunTrainer trainer(RunFolder(path), config, images, device, "", false, job, &ranks);
  if (init) trainer.begin_with(*init);
  trainer.start();
  made.keep();
  return train_alone(trainer, device, job);
}

}  // namespace varphase
