// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <set>
#include <string>

#include "checkpoints/tensor_file.hpp"

namespace varphase {

/// A state_dict in which the pairs that torch.nn.utils.prune makes are joined.
struct JoinedParameters {
  TensorFile file;                // "fc.weight", and "fc.mask" (uint8) where something was dropped
  std::set<std::string> masked;   // modules that have such a mask
  std::set<std::string> dropped;  // parameters with zeros for which there is no mask: "fc.bias"
};

/// Joins the pairs of torch.nn.utils.prune, which keeps a pruned parameter as `<name>_orig` and `<name>_mask` and
/// computes with their product. The product takes the parameter's name. The mask of a weight (or of a variance layer's
/// mean) is kept beside it, so that what was dropped stays dropped.
/// @throws Error shape, naming the tensors, where one of a pair is missing, shapes differ, a mask holds anything but 0
///   and 1, or the parameter also stands there by its own name.
JoinedParameters join_pruned_parameters(const TensorFile& file, const std::string& origin);

}  // namespace varphase
