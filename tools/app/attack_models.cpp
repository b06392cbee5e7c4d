// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/attack_models.hpp"

#include "src/base/error.hpp"
#include "src/torch/shape.hpp"
#include "tools/app/run_images.hpp"

namespace varphase {

AttackModels::AttackModels(std::string name, const std::vector<NetworkFile>& files,
                           at::Device device)
    : name_(std::move(name)), files_(files) {
  for (const NetworkFile& file : files) {
    loaded_.push_back(load_network_file(file.path, device, "dense"));
    LoadedNetwork& loaded = loaded_.back();
    DeviceNormalization normalization =
        to_device(recorded_normalization(loaded.config.data, loaded.network.input()[0]), device);
    models_.push_back(
        {&loaded.network, std::move(normalization.mean), std::move(normalization.inverse_std)});
  }
}

std::vector<std::string> AttackModels::pruned() const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < loaded_.size(); ++i)
    if (loaded_[i].pruned) names.push_back(files_[i].path.string());
  return names;
}

std::string AttackModels::digests() const {
  std::string all;
  for (const LoadedNetwork& loaded : loaded_) all += loaded.digest + " ";
  return all;
}

void AttackModels::check_like(const Network& first) const {
  for (std::size_t i = 0; i < loaded_.size(); ++i) {
    const Network& network = loaded_[i].network;
    VARPHASE_CHECK(network.input() == first.input() && network.classes() == first.classes(),
                   ErrorKind::shape,
                   "{}: takes images of {} and knows {} classes, the first network {} and {}: they "
                   "cannot see the same images",
                   files_[i].path.string(), shape_text(network.input()), network.classes(),
                   shape_text(first.input()), first.classes());
  }
}

}  // namespace varphase
