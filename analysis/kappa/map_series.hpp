// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
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

/// Maps of a run whose numbers compare: the same layers of the same images, made and smoothed
/// alike. A layer is taken out of whatever map holds it.
struct MapSeries {
  std::int64_t images = 0;
  std::string split, method, smooth;  // smooth: by layer where they differ
  std::vector<EpochLayers> epochs;    // ascending, the same layers each
  std::vector<std::string> taken;     // "kappa: 22 epochs", a line a folder
  std::vector<std::string> left_out;  // "kappa/split-test: 1 map (200 test images, exact, ...)"
  std::vector<std::pair<std::filesystem::path, std::string>> damaged;  // with the reason
};

/// The folder below kappa/ of the run's own maps, as --maps names it.
inline constexpr const char* kOwnMaps = "own";

/// Reads the maps of a run. @param wanted the folder below kappa/ whose maps are meant, "own" for
/// kappa/ itself; "": exact ones of the run's training images before others, then those of most
/// variance layers, of most epochs, and the run's own before others.
/// @return without epochs where no map of variance layers is there.
/// @throws Error usage where `wanted` has none.
MapSeries read_series(const std::filesystem::path& run, double kappa0, const std::string& wanted);

}  // namespace varphase
