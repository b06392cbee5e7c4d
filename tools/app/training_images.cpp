// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/training_images.hpp"

#include "src/base/text_table.hpp"
#include "src/train/training_checks.hpp"
#include "tools/app/class_names.hpp"
#include "tools/app/run_images.hpp"
#include "tools/app/training_kappa.hpp"

namespace varphase {
namespace {

/// What people else would learn when the training is done.
void tell_what_is_left_out(const RunConfig& config, const Dataset& dataset, const Network& network,
                           TrainJob& job) {
  const std::int64_t images = dataset.train.count(), rest = images % config.train.batch_size;
  if (rest > 0)
    job.remark(
        fmt::format("each epoch leaves out {} of {} training images, others every time:\n"
                    "  they fill no batch of {}",
                    count_text(rest), count_text(images), count_text(config.train.batch_size)));
  if (dataset.validation.count() == 0 && !network.variance_layers().empty())
    job.remark(
        "no validation images are held back: prune --choose will want some, and sweep\n"
        "  --choose will choose on test images; --validation 0.1 holds back a tenth");
}

}  // namespace

TrainingImages::TrainingImages(Dataset read, at::Device device)
    : dataset(std::move(read)),
      train(to_device(dataset.train, Split::train, device)),
      test(to_device(dataset.test, Split::test, device)) {
  if (dataset.validation.count() > 0)
    validation = to_device(dataset.validation, Split::validation, device);
}

Dataset checked_dataset(RunConfig& config, TrainingStage stage, const TextList& set,
                        const std::optional<InitialWeights>& init, TrainJob& job) {
  Dataset dataset = open_dataset(config.data, "");
  if (config.data.source.empty()) record_source(config.data);
  record_normalization(config.data, dataset);
  if (stage.made_now) record_class_names(config.data, dataset, set);
  Network network(config.network);
  VARPHASE_CHECK(dataset.train.count() > 0, ErrorKind::usage, "{}: has no training images",
                 dataset.name);
  VARPHASE_CHECK(config.train.augment == "none" || !dataset.train.is_real(), ErrorKind::unsupported,
                 "{}: train.augment is {}, and images in float32 are not augmented\n  --augment "
                 "none, or write them as bytes",
                 dataset.name, config.train.augment);
  check_fits(network, dataset, true);
  if (init) take_initial_weights(network, *init);
  if (stage.fresh) check_log_alpha_max(config.train, network);
  check_masks(config.train, network);
  check_training(config.train, dataset.train.count());
  check_batch_norm(config.train, network);
  check_training_kappa(config.train, network);
  if (stage.fresh) tell_what_is_left_out(config, dataset, network, job);
  return dataset;
}

}  // namespace varphase
