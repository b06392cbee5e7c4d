// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <set>
#include <string>

#include "checkpoints/tensor_file.hpp"

namespace varphase {

/// A state_dict with torch.nn.utils.prune's pairs joined.
struct JoinedParameters {
  TensorFile file;                // "fc.weight", and "fc.mask" (uint8) where something was dropped
  std::set<std::string> masked;   // modules that have such a mask
  std::set<std::string> dropped;  // parameters with zeros for which there is no mask: "fc.bias"
};

/// torch.nn.utils.prune keeps a parameter as `<name>_orig` and `<name>_mask`, whose product the
/// module computes with. Of a weight (or a variance layer's mean) the mask stays as well: what was
/// dropped stays dropped.
/// @throws Error shape, naming the tensors, where one of a pair is missing, shapes differ, a mask
/// holds anything but 0 and 1, or the parameter is there a second time.
JoinedParameters join_pruned_parameters(const TensorFile& file, const std::string& origin);

}  // namespace varphase
