// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/distinct_names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace varphase {
namespace {

using testing::ElementsAre;

TEST(DistinctNames, TakeAsMuchOfThePathAsItTakes) {
  EXPECT_THAT(distinct_names({"runs/a", "runs/b/"}), ElementsAre("a", "b"));
  EXPECT_THAT(distinct_names({"x/run", "y/run", "c"}), ElementsAre("x/run", "y/run", "c"));
  EXPECT_THAT(distinct_names({"p/x/run", "q/x/run", "run"}).front(), "p/x/run");
  EXPECT_THAT(distinct_names({"x/run", "x/./run"}), ElementsAre("run", "run"));
  EXPECT_THAT(distinct_names({"/a", "/b/a"}), ElementsAre("a", "b/a"));
  EXPECT_THAT(distinct_names({}), ElementsAre());
}

}  // namespace
}  // namespace varphase
