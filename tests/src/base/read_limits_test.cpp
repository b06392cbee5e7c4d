// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/read_limits.hpp"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/base/error.hpp"

namespace varphase {
namespace {

TEST(ReadLimits, GrowWithTheFileUnlessGiven) {
  const std::uint64_t always = std::uint64_t{256} << 20U;
  ReadLimits limits;
  EXPECT_EQ(limits.most_unpacked(10), always);
  EXPECT_EQ(limits.most_unpacked(always), 64 * always);
  // No overflow: a file cannot be so large, a number in its header can.
  EXPECT_GE(limits.most_unpacked(std::numeric_limits<std::uint64_t>::max()), always);
  limits.unpacked_bytes = 100;
  EXPECT_EQ(limits.most_unpacked(always), 100U);
}

TEST(ReadLimits, NameTheFlagThatRaisesThem) {
  ReadLimits limits;
  limits.unpacked_bytes = 100;
  check_unpacked("a.npz", 100, 10, limits);
  try {
    check_unpacked("a.npz", 101, 10, limits);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::format);
    EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("a.npz"),
                                             testing::HasSubstr("--max-unpacked-bytes 101")));
  }
}

}  // namespace
}  // namespace varphase
