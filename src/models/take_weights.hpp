// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "src/base/snapshot.hpp"
#include "src/models/network.hpp"

namespace varphase {

/// What a network took from another one's checkpoint, by name.
struct TakenWeights {
  std::vector<std::string> same;  // by their own name
  std::vector<std::pair<std::string, std::string>>
      renamed;                      // from the file's name to the network's
  std::vector<std::string> own;     // of the network, not in the file: as the spec draws them
  std::vector<std::string> unused;  // of the file, not in the network
};

/// Begins a network with the parameters and buffers of a checkpoint, in place. Arrays go by name;
/// a plain layer's weight becomes the mean of the variance layer at its place, and the other way
/// round (dense1/weight, dense1/mean). A single value (log alpha of a layer) is taken for each
/// entry of the network's. @param variances  false: what is trained beside the means stays as the
/// spec has it
/// @throws Error shape where an array of that name has another shape, or where nothing fits.
TakenWeights take_weights(Network& network, const Snapshot& from, bool variances = true);

}  // namespace varphase
