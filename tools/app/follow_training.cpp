// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/follow_training.hpp"

#include "src/torch/numerics.hpp"
#include "tools/app/device.hpp"
#include "tools/app/run_trainer.hpp"
#include "tools/app/side_by_side.hpp"
#include "tools/app/training_images.hpp"

namespace varphase {

void lead_training(Communicator& ranks, const RunConfig& config, bool fresh) {
  if (ranks.alone()) return;
  ranks.broadcast_bytes(Json{{"config", to_json(config)}, {"fresh", fresh}}.dump());
}

void lead_nothing(Communicator& ranks, const DeviceChoice& device, const TrainResult& result) {
  if (ranks.alone()) return;
  open_device(device);
  ranks.broadcast_bytes(Json{{"epochs", result.epochs}}.dump());
}

TrainResult follow_training(const DeviceChoice& choice, TrainJob& job) {
  Communicator& ranks = communicator();
  const at::Device device = open_device(choice);
  const Json told = Json::parse(ranks.broadcast_bytes(""));
  TrainResult result;
  if (!told.contains("config")) {
    result.epochs = told.at("epochs").get<std::int64_t>();
    result.finished_before = true;
    return result;
  }
  RunConfig config;
  assign_fields(config, told.at("config"));
  set_numerics(config.train.deterministic, config.train.precision != "float32");
  const TrainingStage stage{.made_now = false, .fresh = told.at("fresh").get<bool>()};
  const TrainingImages images(checked_dataset(config, stage, {}, std::nullopt, job), device);
  job.begin_stoppable();
  RunTrainer trainer(RunFolder::kept_elsewhere("."), config, images, device, "", false, job,
                     &ranks);
  trainer.start();
  return train_alone(trainer, device, job);
}

}  // namespace varphase
