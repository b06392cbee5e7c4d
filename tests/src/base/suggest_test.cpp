// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/suggest.hpp"

#include <gtest/gtest.h>

#include "src/base/registry.hpp"

namespace varphase {
namespace {

const std::vector<std::string> kKnown{"softplus", "sigmoid", "tanh"};

TEST(NearestName, IsWithinTwoEditsOrAThirdOfTheName) {
  EXPECT_EQ(nearest_name("softpuls", kKnown), "softplus");
  EXPECT_EQ(nearest_name("sigmoids", kKnown), "sigmoid");
  EXPECT_EQ(nearest_name("tnah", kKnown), "tanh");
  EXPECT_EQ(nearest_name("relu", kKnown), "");
  EXPECT_EQ(nearest_name("anything", {}), "");
  // Three edits of nine letters.
  EXPECT_EQ(nearest_name("sophtplis", kKnown), "softplus");
}

TEST(Suggestion, NamesTheNearestOrAll) {
  EXPECT_EQ(suggestion("tanhh", kKnown), "; did you mean 'tanh'?");
  EXPECT_EQ(suggestion("relu", kKnown), "; known: softplus, sigmoid, tanh");
  EXPECT_EQ(unknown_name("kink", "tanhh", kKnown),
            "unknown kink 'tanhh'; did you mean 'tanh'?\n  known: softplus, sigmoid, tanh");
}

TEST(Registry, KeepsItsOrderAndRefusesOthersByName) {
  const Registry<int> table{"number", {{"two", 2}, {"one", 1}}};
  EXPECT_EQ(table.at("one"), 1);
  EXPECT_TRUE(table.contains("two"));
  EXPECT_FALSE(table.contains("three"));
  EXPECT_EQ(table.names(), (std::vector<std::string>{"two", "one"}));
  try {
    table.at("onne");
    FAIL() << "found";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_STREQ(error.what(), "unknown number 'onne'; did you mean 'one'?\n  known: two, one");
  }
}

}  // namespace
}  // namespace varphase
