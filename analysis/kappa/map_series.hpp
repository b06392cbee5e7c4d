// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analysis/kappa/histogram.hpp"

namespace varphase {

/// What is kept of one layer of a kappa map, so that the maps need not stay in memory.
struct MapLayer {
  std::string layer;
  std::string smooth;
  std::int64_t weights = 0;
  std::int64_t over = 0;  // |kappa| > kappa_0
  LogHistogram histogram;
};

/// The variance layers of one epoch.
struct EpochLayers {
  std::int64_t epoch = 0;
  std::vector<MapLayer> layers;
};

/// The maps of a run whose numbers can be compared with each other: of the same layers and the same images, computed by
/// the same method and smoothing. Each layer is taken from whichever map holds it.
struct MapSeries {
  std::int64_t images = 0;
  std::string split, method, smooth;  // smooth: by layer where they differ
  std::vector<EpochLayers> epochs;    // ascending, the same layers each
  std::vector<std::string> taken;     // "kappa: 22 epochs", one for each folder
  std::vector<std::string> left_out;  // "kappa/split-test: 1 map (200 test images, exact, ...)"
  std::vector<std::pair<std::filesystem::path, std::string>> damaged;  // with the reason
};

/// What of a map is kept while all are looked at.
struct MapSummary {
  std::string folder;  // below kappa/
  std::int64_t epoch = 0;
  std::int64_t images = 0;
  std::string split, method, digest;
  std::vector<MapLayer> layers;
};

/// Maps that were read before, for one who reads a run again and again. A file that was written since is read anew.
struct MapCache {
  struct Entry {
    std::filesystem::file_time_type written;
    double kappa0 = 0;
    std::optional<MapSummary> summary;  // none: of one class, or of no variance layer
  };
  std::map<std::filesystem::path, Entry> entries;
};

/// The folder below kappa/ of the run's own maps, as --maps names it.
inline constexpr const char* kOwnMaps = "own";

/// Reads the maps of a run that belong together.
/// @param wanted  the folder below kappa/ whose maps are meant, or "own" for kappa/ itself. "": chosen by these rules
///   in turn: maps of method exact over the run's training images, then those of most variance layers, then those of
///   most epochs, then the run's own.
/// @param cache  may be null
/// @return a series without epochs where the run has no map of variance layers
/// @throws Error usage where `wanted` names a folder without maps.
MapSeries read_series(const std::filesystem::path& run, double kappa0, const std::string& wanted,
                      MapCache* cache = nullptr);

}  // namespace varphase
