// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/noise/permutation.hpp"

#include <algorithm>
#include <utility>

#include "src/noise/noise_key.hpp"

namespace varphase {

std::vector<std::int64_t> epoch_order(std::uint64_t seed, std::int64_t epoch, std::int64_t count) {
  const NoiseKey key{seed, Stream::data_order, 0, 0};
  std::vector<std::pair<std::uint64_t, std::int64_t>> sorted(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    const PhiloxBlock block =
        noise_block(key, static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(epoch), 0);
    sorted[static_cast<std::size_t>(i)] = {(static_cast<std::uint64_t>(block.x1) << 32U) | block.x0,
                                           i};
  }
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::int64_t> order;
  order.reserve(sorted.size());
  for (const auto& entry : sorted) order.push_back(entry.second);
  return order;
}

}  // namespace varphase
