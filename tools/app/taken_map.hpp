// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "analysis/kappa/kappa_map.hpp"
#include "analysis/kappa/map_files.hpp"
#include "src/models/network.hpp"
#include "src/torch/device_images.hpp"
#include "tools/app/job.hpp"

namespace varphase {

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
                  const DeviceImages& train, const std::string& digest, const std::string& smooth,
                  Job& job);

}  // namespace varphase
