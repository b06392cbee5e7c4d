// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace varphase {

// What can be asked for of a cut, by name. Each *_from_name throws Error usage with the known names.

/// What a dropped weight becomes: its mean (variance 0), or zero (mean and variance 0). Paper, section 5.
enum class Replacement { mean, zero };
std::string replacement_name(Replacement rule);
Replacement replacement_from_name(const std::string& name);

/// What is repaired after pruning: the statistics of the batch norms behind the pruned layers; or the variance that the
/// kept weights give to their outputs; or both (the variance first). Source: docs/math.md, "Repair after pruning".
enum class Repair { none, batch_norm, variance, both };
std::string repair_name(Repair repair);
Repair repair_from_name(const std::string& name);
bool mends_batch_norm(Repair repair);
bool mends_variance(Repair repair);

/// What a sparsity is a share of: the weights of each layer by itself, or the weights of all pruned layers, whose
/// scores are then compared with each other.
enum class Scope { layer, global };
std::string scope_name(Scope scope);
Scope scope_from_name(const std::string& name);

/// Which form of sparsity a cut has. none: single weights, wherever they lie. compact: the same, and units that no
/// longer do anything are taken out of the network. neurons: whole output units (neurons, channels), which are then
/// taken out.
enum class Structure { none, compact, neurons };
std::string structure_name(Structure structure);
Structure structure_from_name(const std::string& name);

/// How cuts are carried out and evaluated.
struct CutRequest {
  std::vector<Replacement> rules{Replacement::mean, Replacement::zero};
  Repair repair = Repair::none;
  std::int64_t members = 50;
  std::uint64_t seed = 1;
};

}  // namespace varphase
