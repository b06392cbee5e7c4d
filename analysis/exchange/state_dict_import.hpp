// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>

#include "analysis/exchange/state_dict_report.hpp"
#include "checkpoints/tensor_file.hpp"
#include "src/models/network.hpp"

namespace varphase {

/// How a state_dict is to be loaded.
struct StateDictRequest {
  std::string origin;  // the file, named in messages
  /// pairs that the user gives: module of the file to layer of the network
  std::map<std::string, std::string> given;
  std::optional<double> log_alpha;  // of variance layers for which the file has no variances
};

/// Loads a state_dict into a network, in place. Modules and layers are paired by pair_modules, and pairs of
/// torch.nn.utils.prune joined first (join_pruned_parameters); a variance layer keeps the mask.
///
/// PyTorch's Conv2d, Linear and BatchNorm give "weight", "bias", "running_mean" and "running_var". The weight of a
/// plain module becomes the mean of a variance layer; its variances are then those of request.log_alpha, or what the
/// network's spec begins with. A zero_centred layer has no means and needs log_alpha: log sigma^2 = log_alpha + log
/// weight^2. float64 is rounded to float32.
/// @throws Error shape, naming tensor, wanted and got, with the nearest name; usage; numeric where a value is not
///   finite.
StateDictReport load_state_dict(Network& network, const TensorFile& file,
                                const StateDictRequest& request);

}  // namespace varphase
