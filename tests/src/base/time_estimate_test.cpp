// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/time_estimate.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

using Seconds = std::optional<double>;

TEST(WorkRate, MeasuresALongPieceByItsFirstUnitsWithoutTheVeryFirst) {
  WorkRate rate({"2 epochs", "steps", 200});
  EXPECT_EQ(rate.advance(1, 2.0), Seconds());  // two seconds of beginning
  for (int step = 2; step < 21; ++step) EXPECT_EQ(rate.advance(1, 2 + 0.1 * (step - 1)), Seconds());
  const Seconds whole = rate.advance(1, 4.0);  // 20 steps in two seconds
  ASSERT_TRUE(whole);
  EXPECT_NEAR(*whole, 4 + 179 * 0.1, tolerance::kDoubleBackward);
  EXPECT_EQ(rate.text(*whole), "about 22 s (2 epochs, measured over the first 21 steps)");
}

TEST(WorkRate, AddsWhatIsBetweenPiecesToALongOne) {
  WorkRate rate({"", "", 100, 0.5});
  rate.advance(10, 1);
  const Seconds whole = rate.advance(10, 6);
  ASSERT_TRUE(whole);
  EXPECT_NEAR(*whole, 6 + 80 * (0.5 + 0.5), tolerance::kDoubleBackward);
}

TEST(WorkRate, WaitsForTheEndsOfPiecesWhereWhatIsBetweenIsUnknown) {
  WorkRate rate({"", "", 100, std::nullopt});
  rate.advance(1, 1);
  EXPECT_EQ(rate.advance(9, 10), Seconds());
  EXPECT_EQ(rate.end_piece(15), Seconds());
  EXPECT_EQ(rate.advance(10, 24), Seconds());
  const Seconds whole = rate.end_piece(30);
  ASSERT_TRUE(whole);
  EXPECT_NEAR(*whole, 30 + 80 * 1.5, tolerance::kDoubleBackward);
}

TEST(WorkRate, MeasuresShortPiecesWholeFromTheEndOfTheFirst) {
  WorkRate rate({"", "", 100, 7.0});  // is measured, and not added
  rate.advance(1, 1.5);
  rate.advance(9, 2.0);
  EXPECT_EQ(rate.end_piece(2.2), Seconds());
  rate.advance(10, 2.6);
  EXPECT_EQ(rate.end_piece(2.8), Seconds());  // 0.6 s say too little
  rate.advance(10, 3.2);
  const Seconds whole = rate.end_piece(3.4);
  ASSERT_TRUE(whole);
  EXPECT_NEAR(*whole, 3.4 + 70 * 1.2 / 20, tolerance::kDoubleBackward);
}

TEST(WorkRate, MeasuresOfALaterPieceWhatTookLong) {
  WorkRate rate({"", "", 100});
  rate.advance(1, 0.1);
  rate.end_piece(0.5);
  EXPECT_EQ(rate.advance(1, 2.2), Seconds());
  const Seconds whole = rate.advance(2, 3.5);
  ASSERT_TRUE(whole);
  EXPECT_NEAR(*whole, 3.5 + 96 * 1.0, tolerance::kDoubleBackward);
}

TEST(WorkRate, SaysItOnceAndNothingAtTheEnd) {
  WorkRate once({"", "", 100});
  once.advance(1, 0);
  EXPECT_TRUE(once.advance(1, 4));
  EXPECT_TRUE(once.is_decided());
  EXPECT_EQ(once.advance(1, 8), Seconds());
  EXPECT_EQ(once.end_piece(9), Seconds());

  WorkRate over({"", "", 2});
  over.advance(1, 0);
  EXPECT_EQ(over.advance(1, 4), Seconds());
}

TEST(TimeEstimate, SaysOnceHowLong) {
  int waits = 0;
  std::vector<std::string> said;
  TimeEstimate estimate(
      {"all of them", "units", 1000}, [&](const std::string& text) { said.push_back(text); },
      [&] { ++waits; });
  for (int piece = 0; piece < 3; ++piece) {  // thirty units, ten a piece
    estimate.advance(10);
    std::this_thread::sleep_for(std::chrono::duration<double>(0.6));
    estimate.end_piece();
  }
  EXPECT_EQ(waits, 4);  // at the first unit and at the ends of pieces
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].rfind("about 1 min", 0), 0U) << said[0];
  EXPECT_NE(said[0].find(" s (all of them, measured over the first 30 units)"), std::string::npos);
}

}  // namespace
}  // namespace varphase
