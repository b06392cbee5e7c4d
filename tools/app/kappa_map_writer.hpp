// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "analysis/kappa/compute_kappa.hpp"
#include "analysis/kappa/map_files.hpp"
#include "src/data/dataset.hpp"
#include "src/train/train_config.hpp"
#include "tools/app/job.hpp"
#include "tools/app/run_folder.hpp"

namespace varphase {

/// Makes kappa maps of a run's checkpoints and writes them below its kappa/: `kappa` and `train --kappa-every` alike.
class KappaMapWriter {
 public:
  /// @param job  told of progress and asked whether to stop
  /// @param ranks  where not null, who make each map together, of whom the first reads the checkpoint and writes
  KappaMapWriter(const RunFolder& run, const RunConfig& config, const Dataset& dataset,
                 at::Device device, Job& job, Communicator* ranks);

  const MapFiles& files() const { return files_; }
  /// Whether this process is the one that writes.
  bool keeps() const { return ranks_ == nullptr || ranks_->first(); }

  /// Which map.
  struct Place {
    std::int64_t epoch = 0;
    std::optional<std::int64_t> label;  // of the images, where they are one class
    std::filesystem::path file;
    std::optional<bool> repeatable;  // what announce_passes found
  };
  /// The map, unless the same request made it before: then it is read.
  /// @param network  as the epoch's checkpoint has it
  /// @return of ranks that do not write an empty one where it was there. @throws Interrupted.
  KappaMap make(Network& network, const DeviceImages& images, const KappaRequest& request,
                const Place& place);
  /// Writes the map of a checkpoint that is on disk by now, computed by that request before. From any one thread.
  void keep(KappaMap& map, const DeviceImages& images, const KappaRequest& request,
            const Place& place) const;
  /// Merges rows of histogram_csv into the histogram file of a folder of maps.
  static void write_histograms(const std::filesystem::path& folder, const std::string& rows);

 private:
  std::filesystem::path checkpoint_of(const Place& place) const {
    return run_.checkpoint(place.epoch);
  }
  Json origin(const DeviceImages& images, const Place& place) const;
  /// @param digest  of the request
  void write(KappaMap& map, const Place& place, const std::string& digest) const;
  /// What made_before finds, by the rank that keeps the maps, to all. @return whether the map is to be made
  bool is_wanted(const std::optional<KappaMap>& found) const;

  const RunFolder run_;
  const RunConfig& config_;
  const Dataset& dataset_;
  const at::Device device_;
  Job& job_;
  Communicator* ranks_;
  const MapFiles files_;
};

}  // namespace varphase
