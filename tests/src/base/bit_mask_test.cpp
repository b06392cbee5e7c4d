// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/bit_mask.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace varphase {
namespace {

TEST(BitMask, LiesAsNumpysLittleEndianBits) {
  const std::vector<std::uint8_t> keep{1, 0, 0, 7, 0, 0, 0, 1, 0, 255};
  const BitMask mask = pack_mask(keep);
  EXPECT_THAT(mask, testing::ElementsAre(0b10001001, 0b10));
  EXPECT_EQ(kept_count(mask), 4);
  EXPECT_THAT(unpack_mask(mask, 10), testing::ElementsAre(1, 0, 0, 1, 0, 0, 0, 1, 0, 1));
  EXPECT_TRUE(pack_mask({}).empty());
}

}  // namespace
}  // namespace varphase
