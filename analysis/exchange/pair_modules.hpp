// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace varphase {

/// Something with weights: a module of a state_dict, or a layer of a network.
struct WeightedModule {
  enum class Kind { conv, dense, batch_norm };
  std::string name;  // "features.0" or "conv1"
  Kind kind = Kind::dense;
  std::vector<std::int64_t> shape;  // of the weight
};

/// Finds which module of a file is which layer of a network, by these rules in turn:
///
/// 1. `given` pairs a module with a layer, by names.
/// 2. Of one kind, where modules and layers have the same names: by name.
/// 3. Else of one kind and one shape of weight: the only module of that shape is the only layer of
///    that shape; several are taken in order where their names differ in numbers alone
///    (features.0, features.3, features.10).
///
/// PyTorch's names say nothing of the order in which modules run, so nothing else is guessed.
/// @param given  from the file's name to the network's
/// @param origin  names the file in messages
/// @return from the file's name to the network's, each once
/// @throws Error shape, listing both sides, where modules are left over or there are several ways to pair them; usage
///   where `given` names what is not there, with the nearest name.
std::map<std::string, std::string> pair_modules(const std::vector<WeightedModule>& file,
                                                const std::vector<WeightedModule>& network,
                                                const std::map<std::string, std::string>& given,
                                                const std::string& origin);

}  // namespace varphase
