// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace varphase {

/// What was loaded into what.
struct StateDictReport {
  std::vector<std::pair<std::string, std::string>> modules;  // names in the file and in the network
  std::vector<std::string> variances;                        // not in the file: "dense1/log_alpha"
  /// Layers whose dropped weights stay dropped, with the weights kept and all of them.
  struct Mask {
    std::string layer;
    std::int64_t kept = 0, weights = 0;
  };
  std::vector<Mask> masks;
  std::vector<std::string> zeros;   // parameters pruned in the file of layers that have no masks:
                                    // zeros that training may change
  std::vector<std::string> unused;  // num_batches_tracked: nothing depends on it
};

}  // namespace varphase
