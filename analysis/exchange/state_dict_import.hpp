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

struct StateDictRequest {
  std::string origin;                        // the file, named in messages
  std::map<std::string, std::string> given;  // modules of the file by layers of the network
  std::optional<double> log_alpha;           // of variance layers whose weights come without
};

/// Puts a state_dict into a network, in place. Modules and layers pair as pair_modules says.
/// PyTorch's Conv2d, Linear and BatchNorm give "weight", "bias", "running_mean", "running_var"; the
/// weight of a plain module becomes the mean of a variance layer, whose variances are then
/// log_alpha's, or what the network's spec begins with (zero_centred, which has no means, needs
/// log_alpha: log sigma^2 = log_alpha + log weight^2). float64 is rounded to float32.
/// Parameters pruned by torch.nn.utils.prune are joined first (join_pruned_parameters); a variance
/// layer keeps the mask.
/// @throws Error shape, naming tensor, wanted and got, with the nearest name; usage; numeric where
/// a value is not finite.
StateDictReport load_state_dict(Network& network, const TensorFile& file,
                                const StateDictRequest& request);

}  // namespace varphase
