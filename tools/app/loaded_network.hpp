// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <c10/core/Device.h>

#include "analysis/sparse/executed_layer.hpp"
#include "analysis/sparse/sparse_model.hpp"
#include "src/base/snapshot.hpp"
#include "src/models/network.hpp"
#include "src/train/train_config.hpp"

namespace varphase {

/// A network with its trained weights, and where they came from.
struct LoadedNetwork {
  RunConfig config;
  std::string config_text;  // as the file has it
  Network network;
  std::int64_t epoch = 0;
  std::string dataset_digest;         // of the images that it was trained on; "": not told
  std::string digest;                 // of the file, where load_network_file read it
  std::optional<SparseModel> pruned;  // what a pruned file holds
  /// Its layers, in whatever form is the fastest.
  std::vector<std::shared_ptr<const ExecutedLayer>> executed;
};

/// From a checkpoint or a pruned file.
/// @param form of a pruned file's layers: one of ExecutionForm, or "auto"
LoadedNetwork load_network_file(const std::filesystem::path& path, at::Device device,
                                const std::string& form = "auto");
/// Whether load_network_file will find a whole file of a kind that it takes; reads no values, so that a work on many
/// files can look at all of them before it begins. @throws Error io, format.
void check_network_file(const std::filesystem::path& path);
LoadedNetwork network_of_snapshot(const Snapshot& snapshot, at::Device device,
                                  const std::string& origin);

}  // namespace varphase
