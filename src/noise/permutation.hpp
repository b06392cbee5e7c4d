// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

namespace varphase {

/// The order in which epoch `epoch` visits `count` examples: sorted by their Philox words (stream data_order), ties by
/// index. The same on any machine and any number of ranks.
std::vector<std::int64_t> epoch_order(std::uint64_t seed, std::int64_t epoch, std::int64_t count);

}  // namespace varphase
