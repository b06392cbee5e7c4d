// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/enum_names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace varphase {
namespace {

enum class Fruit { apple, pear };

const EnumNames<Fruit>& fruits() {
  static const EnumNames<Fruit> table{"fruit", {{Fruit::apple, "apple"}, {Fruit::pear, "pear"}}};
  return table;
}

std::string said_of(const std::string& name) {
  try {
    fruits().value(name);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "";
}

TEST(EnumNames, GoBothWays) {
  EXPECT_THAT(fruits().names(), testing::ElementsAre("apple", "pear"));
  EXPECT_EQ(fruits().value("pear"), Fruit::pear);
  EXPECT_EQ(fruits().name(Fruit::apple), "apple");
  EXPECT_THROW(fruits().name(static_cast<Fruit>(7)), Error);
}

TEST(EnumNames, AnUnknownNameIsToldTheNearestAndAll) {
  EXPECT_EQ(said_of("aple"), "unknown fruit 'aple'; did you mean 'apple'?\n  known: apple, pear");
  EXPECT_EQ(said_of("banana"), "unknown fruit 'banana'\n  known: apple, pear");
  EXPECT_EQ(said_of("Pear"), "unknown fruit 'Pear'; did you mean 'pear'?\n  known: apple, pear");
}

}  // namespace
}  // namespace varphase
