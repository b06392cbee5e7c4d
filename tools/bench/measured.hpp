// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "src/base/json.hpp"

namespace varphase {

/// What a case measured: seconds of each repeat over so many images.
struct Measured {
  std::vector<double> seconds;
  std::int64_t images = 0;
  double epochs_equivalent = 1;
  Json detail = Json::object();
};

double median(std::vector<double> values);

/// Wall seconds of the work, the device's queue empty before and after.
double seconds_of(at::Device device, const std::function<void()>& work);

}  // namespace varphase
