// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/base/config.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace {

using testing::HasSubstr;

std::string refusal(std::string_view text) {
  try {
    parse_json(text, "a.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::format);
    EXPECT_THAT(error.what(), HasSubstr("a.json: "));
    return error.what();
  }
  ADD_FAILURE() << "no error: " << text.substr(0, 100);
  return "";
}

std::string nested(std::size_t depth, const std::string& open, const std::string& close) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += open;
  text += "1";
  for (std::size_t i = 0; i < depth; ++i) text += close;
  return text;
}

TEST(Json, ReadsWhatTheLibraryReads) {
  for (const char* text : {"null", "true", "-5", "18446744073709551615", "0.5e-3", "\"\\u00e9\\n\"",
                           "[]", "{}", R"({"b": [1, {"c": null}, []], "a": {"b": "x"}, "": -0.0})",
                           "// a comment\n[1, /* [[[ */ 2]", "\xef\xbb\xbf[1]"}) {
    const Json wanted = Json::parse(text, nullptr, true, true);
    EXPECT_EQ(parse_json(text, "x"), wanted) << text;
    EXPECT_EQ(parse_json(text, "x").dump(), wanted.dump()) << text;  // the order of keys, too
  }
}

TEST(Json, DepthIsLimitedWhateverTheLength) {
  EXPECT_EQ(parse_json(nested(kMaxJsonDepth, "[", "]"), "x").dump(),
            nested(kMaxJsonDepth, "[", "]"));
  for (const std::size_t depth : {kMaxJsonDepth + 1, std::size_t{100000}}) {
    EXPECT_THAT(refusal(nested(depth, "[", "]")), HasSubstr("nested deeper than the 64 levels"));
    EXPECT_THAT(refusal(nested(depth, "{\"a\":", "}")), HasSubstr("nested deeper"));
    EXPECT_THAT(refusal(std::string(depth, '[')), HasSubstr("nested deeper"));
  }
}

TEST(Json, WhatIsNoJsonIsAnErrorOfOneShortLine) {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[1,]"), std::string("[1] 2"),
        std::string("\"\xff\""), std::string("1e999"), std::string("nul"),
        "\"" + std::string(1000000, 'a')}) {
    const std::string said = refusal(text);
    EXPECT_THAT(said, HasSubstr("not valid JSON"));
    EXPECT_LT(said.size(), 1000U);
  }
  EXPECT_THAT(refusal(R"({"a": 1, "b": {"a": 2}, "a": 3})"), HasSubstr("the key \"a\" twice"));
}

TEST(Json, ManyKeysTakeNoSquareOfTheirNumber) {
  std::string text = "{";
  for (int i = 0; i < 300000; ++i) text += fmt::format("{}\"{}\":0", i == 0 ? "" : ",", i);
  EXPECT_EQ(parse_json(text + "}", "x").size(), 300000U);  // minutes by a search for each key
}

TEST(Json, BriefIsShortAndWhole) {
  EXPECT_EQ(brief(Json{{"a", 1}}), R"({"a":1})");
  std::string letters;
  for (int i = 0; i < 300; ++i) letters += "é";
  const std::string cut = brief(letters);
  EXPECT_LT(cut.size(), 210U);
  EXPECT_NO_THROW(Json::parse(cut.substr(0, cut.size() - 3) + "\""));  // no half of a letter
  EXPECT_EQ(brief(std::string("\xff")), "\"\xef\xbf\xbd\"");
}

struct Numbers {
  std::int64_t whole = 0;
  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("whole", whole, FieldInfo{});
  }
};

TEST(Config, AWholeNumberIsOneThatAnInt64Holds) {
  Numbers numbers;
  for (const char* text : {"9223372036854775807", "-9223372036854775808", "3.0", "-4e3"}) {
    assign_fields(numbers, parse_json(fmt::format("{{\"whole\": {}}}", text), "x"));
    EXPECT_EQ(static_cast<double>(numbers.whole), std::stod(text));
  }
  for (const char* text :
       {"9223372036854775808", "18446744073709551615", "1e300", "-1e19", "0.5", "\"3\"", "[]"}) {
    try {
      assign_fields(numbers, parse_json(fmt::format("{{\"whole\": {}}}", text), "x"));
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
    }
  }
}

}  // namespace
}  // namespace varphase
