// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/models/network.hpp"

#include <gtest/gtest.h>

#include "tests/support/small_training.hpp"

namespace varphase {
namespace {

TEST(Network, NamesTheLayerWhoseShapesDoNotMeet) {
  Json spec = small_network();
  spec["layers"][3] = {{"max_pool", 20}};
  try {
    Network network(spec);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("layer 4 of 8: max_pool"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace varphase
