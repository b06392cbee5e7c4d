// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "src/base/array.hpp"

namespace varphase {

/// All that a bit-exact resume and every analysis need of one epoch, as plain arrays: what the
/// trainer hands to the writer and what the analyzer is given back.
struct Snapshot {
  std::int64_t epoch = 0;  // epochs completed; 0 = initial state
  std::int64_t step = 0;   // optimizer steps completed
  std::string config;      // resolved configuration, JSON; its "network" is the spec
  std::map<std::string, std::string>
      provenance;  // version, git hash, torch, device, dataset digest, command, created
  std::map<std::string, double>
      metrics;                    // of this epoch, by name ("nll", "test_accuracy_ensemble", ...)
  std::vector<Array> parameters;  // names "<layer>/<parameter>"
  std::vector<Array> buffers;     // names "<layer>/<buffer>"
  std::vector<Array> optimizer;   // "<layer>/<parameter>/exp_avg", ".../exp_avg_sq" or
                                  // ".../momentum_buffer"; may be empty
  std::vector<Array> masks;       // "<layer>/kept": uint8 of the weight's shape, 1 = kept, 0 =
                                  // dropped; of pruned layers alone
};

}  // namespace varphase
