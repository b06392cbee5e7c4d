// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "analysis/kappa/map_files.hpp"
#include "src/data/dataset.hpp"
#include "tools/app/device_choice.hpp"
#include "tools/app/loaded_network.hpp"
#include "tools/app/run_lock.hpp"

namespace varphase {

/// What sweep and prune start from: the network of a checkpoint, or of a pruned file, with the
/// images of its run.
struct PruningSource {
  std::filesystem::path file;
  std::filesystem::path folder;  // of the run; of a pruned file elsewhere: where it lies
  at::Device device;
  LoadedNetwork loaded;
  Dataset dataset;
  Json images;                   // as trained_images says it
  std::optional<MapFiles> maps;  // of the run; none: it can have none of this network
  RunLock lock;

  /// What the pruned file holds; null of a checkpoint.
  const SparseModel* before() const { return loaded.pruned ? &*loaded.pruned : nullptr; }
  std::int64_t epoch() const { return loaded.epoch; }
};

/// Opens the file once: what is recorded of it (its digest) is what was read.
/// @param path  a run folder, RUN@EPOCH, a checkpoint or a pruned file
/// @param epoch  of a run folder
/// @param data  images in place of the run's own; "": these
/// @param verb  named in errors
/// @throws Error usage, io, format naming the file.
PruningSource open_pruning_source(const std::string& path, const std::string& epoch,
                                  const std::string& data, const DeviceChoice& device,
                                  const std::string& verb);

}  // namespace varphase
