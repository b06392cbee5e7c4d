// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/byte_text.hpp"

#include <string>

#include <gtest/gtest.h>

namespace varphase {
namespace {

TEST(ByteText, EscapesWhatIsNoTextAndReversesIt) {
  EXPECT_EQ(text_of_bytes("caf\xe9/b"), "caf\\xE9/b");
  EXPECT_EQ(text_of_bytes("café"), "café");
  EXPECT_EQ(text_of_bytes("a\\x41"), "a\\\\x41");  // a name that looks escaped
  EXPECT_EQ(text_of_bytes("\x1b[31m\n"), "\\x1B[31m\\x0A");
  EXPECT_EQ(text_of_bytes("\xc2\x9b"),
            "\\xC2\\x9B");  // one character that terminals take for ESC [
  EXPECT_EQ(text_of_bytes("\xc0\xaf"), "\\xC0\\xAF");           // overlong
  EXPECT_EQ(text_of_bytes("\xed\xa0\x80"), "\\xED\\xA0\\x80");  // half of a surrogate pair
  EXPECT_EQ(text_of_bytes("\xf4\x90\x80\x80"), "\\xF4\\x90\\x80\\x80");
  EXPECT_EQ(text_of_bytes("\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80");
  EXPECT_EQ(text_of_bytes("cut \xe2\x82"), "cut \\xE2\\x82");
}

TEST(ByteText, EveryPairOfBytesComesBack) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      std::string bytes = "ab";
      bytes[0] = static_cast<char>(first);
      bytes[1] = static_cast<char>(second);
      const std::string text = text_of_bytes(bytes);
      ASSERT_EQ(bytes_of_text(text), bytes);
      ASSERT_EQ(bytes_of_text(text_of_bytes(text)), text);
    }
  }
}

TEST(ByteText, OldPathsStayWhatTheyAre) { EXPECT_EQ(bytes_of_text("a\\b\\xg\\"), "a\\b\\xg\\"); }

TEST(ByteText, TerminalTextKeepsLines) {
  EXPECT_EQ(terminal_text("a\\b\tc\n\x1b\r\x7f\xff"), "a\\b\tc\n\\x1B\\x0D\\x7F\\xFF");
  EXPECT_EQ(printable("a\nb"), "a\\x0Ab");
  EXPECT_EQ(printable("abcdef", 3), "abc...");
}

}  // namespace
}  // namespace varphase
