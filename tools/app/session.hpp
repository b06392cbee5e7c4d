// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "analysis/kappa/kappa_map.hpp"
#include "analysis/kappa/map_files.hpp"
#include "analysis/sparse/executed_layer.hpp"
#include "analysis/sparse/sparse_model.hpp"
#include "src/base/snapshot.hpp"
#include "src/models/network.hpp"
#include "src/torch/device_images.hpp"
#include "src/train/train_config.hpp"
#include "tools/app/run_folder.hpp"
#include "tools/app/trained_images.hpp"
#include "tools/cli/options.hpp"

namespace varphase {

/// Batches are allocated and freed at every step: kept by the allocator, they need no new pages
/// from the kernel. Called once, before anything large is allocated.
void keep_freed_memory();

/// The device that --device names; sets the number of threads. @throws Error device with what is
/// there.
at::Device open_device(const Options& options);

/// "NVIDIA H100 80GB HBM3" or the CPU's name with its threads.
std::string device_name(at::Device device);

/// Version, git hash, LibTorch, device, command line, time: what every output says of its making.
std::map<std::string, std::string> provenance(at::Device device);

/// Reads the images of a run (or of --data), normalized as its config says; what there is to say of
/// them goes to the log.
Dataset open_dataset(const DataConfig& config, const std::string& data_override);
/// Keeps in the config by what mean and std the images are normalized, so that every later verb
/// uses the same numbers.
void record_normalization(DataConfig& config, const Dataset& dataset);
/// Keeps where the images lay, beside what was typed: a relative path means another folder
/// elsewhere.
void record_source(DataConfig& config);
/// By what a run's images were normalized, for images without a data set; empty: not at all.
/// @throws Error usage where the config does not say.
Normalization recorded_normalization(const DataConfig& config, std::int64_t channels);
/// @param training  of a verb that can bring images to the network's form
void check_fits(const Network& network, const Dataset& dataset, bool training);

/// What a verb that takes one epoch of a run starts from.
struct OneEpoch {
  RunFolder run;
  std::int64_t epoch;
  RunConfig config;
  Dataset dataset;
  at::Device device;
  std::filesystem::path checkpoint;
};
OneEpoch open_one_epoch(const Options& options, const std::string& verb);

/// A network with its trained weights, and where they came from.
struct LoadedNetwork {
  RunConfig config;
  Network network;
  std::int64_t epoch = 0;
  std::string dataset_digest;         // of the images that it was trained on; "": not told
  std::optional<SparseModel> pruned;  // what a pruned file holds
  /// Its layers, in whatever form is the fastest.
  std::vector<std::shared_ptr<const ExecutedLayer>> executed;
};

/// From a checkpoint or a pruned file.
/// @param form of a pruned file's layers: one of ExecutionForm, or "auto"
LoadedNetwork load_network_file(const std::filesystem::path& path, at::Device device,
                                const std::string& form = "auto");
LoadedNetwork network_of_snapshot(const Snapshot& snapshot, at::Device device,
                                  const std::string& origin);

/// A kappa map, and where it lay: "kappa/epoch_0022.h5", several joined by commas, or kComputedMap.
struct TakenMap {
  KappaMap map;
  std::string from;
};
inline constexpr const char* kComputedMap = "computed now";

/// The kappa map of an epoch's variance layers, exact and of these images (by their digest): each
/// layer out of the first of the run's maps that has it of these weights and that smoothing, or all
/// of them computed. @param files none where there can be no maps.
TakenMap kappa_of(Network& network, const std::optional<MapFiles>& files, std::int64_t epoch,
                  const DeviceImages& train, const std::string& digest, const Options& options);

}  // namespace varphase
