// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "src/base/error.hpp"
#include "src/layers/layer.hpp"

// The table of layers by what its layers are: tests that loop over these take in a new one.
namespace varphase {

/// Kinds whose layer, made with those options, is so.
template <class Is>
std::vector<std::string> kinds_where(const Json& options, const Shape& input, const Is& is) {
  std::vector<std::string> list;
  for (const std::string& kind : layer_kinds().names()) {
    try {
      if (is(*layer_kinds().at(kind).make(options, input))) list.push_back(kind);
    } catch (const Error&) {  // takes other options: none of these
    }
  }
  return list;
}

inline std::vector<std::string> activation_kinds() {
  return kinds_where(nullptr, {4},
                     [](Layer& layer) { return layer.traits().elementwise.has_value(); });
}

/// Dense and convolutional ones, which take "out".
inline std::vector<std::string> weighted_kinds() {
  return kinds_where({{"out", 4}}, {2, 6, 6},
                     [](Layer& layer) { return layer.traits().weighted(); });
}

inline std::vector<std::string> variance_kinds() {
  return kinds_where({{"out", 4}}, {2, 6, 6},
                     [](Layer& layer) { return layer.as_variance() != nullptr; });
}

}  // namespace varphase
