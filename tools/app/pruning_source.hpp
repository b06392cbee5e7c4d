// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "analysis/kappa/map_files.hpp"
#include "analysis/prune/ranking.hpp"
#include "analysis/sparse/sparse_model.hpp"
#include "src/data/dataset.hpp"
#include "src/torch/device_images.hpp"
#include "tools/app/job.hpp"
#include "tools/app/loaded_network.hpp"
#include "tools/app/run_lock.hpp"
#include "tools/cli/options.hpp"

namespace varphase {

/// What sweep and prune start from: the network of a checkpoint, or of a pruned file, with the
/// images of its run.
struct PruningSource {
  std::filesystem::path file;
  std::filesystem::path folder;  // of the run; of a pruned file elsewhere: where it lies
  std::string config;            // as the file has it
  Dataset dataset;
  at::Device device;
  LoadedNetwork loaded;               // config, network, epoch
  std::optional<SparseModel> pruned;  // of a pruned file
  std::optional<MapFiles> maps;       // of the run; none: it can have none of this network

  Json images;  // as trained_images says it
  RunLock lock;

  std::int64_t epoch() const { return loaded.epoch; }
};
/// @throws Error usage, io, format naming the file.
PruningSource open_pruning_source(const Options& options, const std::string& path,
                                  const std::string& verb);

/// The variance layers that --layer (or a budget) names, in network order; "": all of them.
/// @throws Error usage where a name is no variance layer or is there twice, unsupported where the
/// network has none.
std::vector<PrunableLayer> prunable_layers(const PruningSource& source,
                                           const std::vector<std::string>& names);

/// "a,b" -> {"a", "b"}; "" -> {}.
std::vector<std::string> split_list(const std::string& text);

/// Layers with all that their scores and repair take; how the curvature was smoothed and where its
/// map lay ("" where none was asked for).
struct Scoring {
  std::vector<PrunableLayer> layers;
  std::vector<ScoreInputs> inputs;
  std::string smooth, map;
};
Scoring prepare_scores(PruningSource& source, std::vector<PrunableLayer> layers,
                       const std::vector<std::string>& criteria, Repair repair,
                       const DeviceImages& train, const Options& options, Job& job);

}  // namespace varphase
