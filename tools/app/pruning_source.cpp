// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/pruning_source.hpp"

#include "checkpoints/run_layout.hpp"
#include "src/torch/numerics.hpp"
#include "tools/app/device.hpp"
#include "tools/app/run_contents.hpp"
#include "tools/app/run_folder.hpp"
#include "tools/app/run_images.hpp"
#include "tools/app/trained_images.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

Target one_epoch(const std::string& path, const std::string& epoch, const std::string& verb) {
  Target target = resolve_target(path, epoch);
  VARPHASE_CHECK(target.epochs.size() == 1, ErrorKind::usage, "{} takes one epoch, got {}", verb,
                 target.epochs.size());
  return target;
}

/// The run that a network's file belongs to, or else the folder that it lies in.
fs::path folder_of(const fs::path& file) {
  for (const char* name : {"pruned", "checkpoints"}) {
    const RunLayout run = RunLayout::of_file_in(name, file);
    if (!run.folder.empty()) return run.folder;
  }
  return fs::absolute(file).parent_path();
}

}  // namespace

PruningSource open_pruning_source(const std::string& path, const std::string& epoch,
                                  const std::string& data, const DeviceChoice& device_choice,
                                  const std::string& verb) {
  std::optional<Target> target;
  if (!fs::is_regular_file(path)) target = one_epoch(path, epoch, verb);
  const fs::path file = target ? target->run.checkpoint(target->epochs.front()) : fs::path(path);
  fs::path folder = target ? target->run.path() : folder_of(file);
  // Before anything is read of it.
  RunLock lock = begin_analysis(folder);
  const at::Device device = open_device(device_choice);
  LoadedNetwork loaded = load_network_file(file, device);
  RunConfig config = loaded.config;
  std::optional<MapFiles> maps;
  if (!loaded.pruned) {
    // A checkpoint that lies in no run is refused.
    if (!target) target = one_epoch(path, epoch, verb);
    folder = target->run.path();
    config = target->run.config();
    maps.emplace(folder);
    loaded.epoch = target->epochs.front();
  }
  Dataset dataset = open_dataset(config.data, data);
  set_numerics(config.train.deterministic, false);
  Json images = trained_images(dataset, loaded.dataset_digest, file.string());
  check_fits(loaded.network, dataset, false);
  return {.file = file,
          .folder = folder,
          .device = device,
          .loaded = std::move(loaded),
          .dataset = std::move(dataset),
          .images = std::move(images),
          .maps = std::move(maps),
          .lock = std::move(lock)};
}

}  // namespace varphase
