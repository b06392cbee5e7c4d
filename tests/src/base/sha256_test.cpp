// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/sha256.hpp"

#include <gtest/gtest.h>

namespace varphase {
namespace {

// FIPS 180-4's examples.
constexpr const char* kOfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* kOfNothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST(Sha256, IsTheStandards) {
  EXPECT_EQ(sha256_hex("abc"), kOfAbc);
  EXPECT_EQ(sha256_hex(""), kOfNothing);
}

TEST(Sha256, TakesBytesPieceByPiece) {
  Sha256 sha256;
  sha256.add("a");
  sha256.add("");
  sha256.add("bc");
  EXPECT_EQ(hex_text(sha256.digest()), kOfAbc);
}

}  // namespace
}  // namespace varphase
