// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "src/base/array.hpp"

namespace varphase {

/// All that a bit-exact resume and every analysis need of one epoch, as plain arrays: the trainer hands it to the
/// writer of checkpoints, the reader gives it back to the analyses.
struct Snapshot {
  std::int64_t epoch = 0;  // epochs completed; 0 = initial state
  std::int64_t step = 0;   // optimizer steps completed
  std::string config;      // resolved configuration, JSON; its "network" is the spec
  /// version, git hash, torch, device, dataset digest, command, created
  std::map<std::string, std::string> provenance;
  /// of this epoch, by name ("nll", "test_accuracy_ensemble", ...)
  std::map<std::string, double> metrics;
  std::vector<Array> parameters;  // names "<layer>/<parameter>"
  std::vector<Array> buffers;     // names "<layer>/<buffer>"
  /// "<layer>/<parameter>/exp_avg", ".../exp_avg_sq" or ".../momentum_buffer"; may be empty
  std::vector<Array> optimizer;
  /// "<layer>/kept" of pruned layers alone: uint8 of the weight's shape, 1 = kept, 0 = dropped
  std::vector<Array> masks;
};

}  // namespace varphase
