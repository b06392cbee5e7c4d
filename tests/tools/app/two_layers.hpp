// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "tests/tools/app/small_run.hpp"

namespace varphase::test {

/// Two variance layers whose weights have an alpha each.
/// @param validation  share of the training images that is held back
inline RunConfig two_layers(double validation = 0.25) {
  RunConfig config = small_config();
  config.network = Json::parse(R"({"input": [1, 28, 28], "classes": 10, "layers": [
    {"max_pool": 4}, {"variance_dense": {"out": 12, "parameterization": "weight"}}, "batch_norm",
    "relu", {"variance_dense": {"out": 10, "parameterization": "weight"}}]})");
  config.data.validation = validation;
  return config;
}

}  // namespace varphase::test
