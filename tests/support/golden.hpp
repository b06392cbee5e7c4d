// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "src/base/json.hpp"

namespace varphase {

inline const Json& golden() {
  static const Json json =
      read_json_file(std::string(VARPHASE_SOURCE_DIR) + "/tests/data/golden.json");
  return json;
}

inline void flatten(const Json& json, std::vector<double>& values, std::vector<std::int64_t>& shape,
                    std::size_t depth = 0) {
  if (!json.is_array()) {
    values.push_back(json.get<double>());
    return;
  }
  if (shape.size() == depth) shape.push_back(static_cast<std::int64_t>(json.size()));
  for (const Json& item : json) flatten(item, values, shape, depth + 1);
}

inline at::Tensor golden_tensor(const Json& json) {
  std::vector<double> values;
  std::vector<std::int64_t> shape;
  flatten(json, values, shape);
  return at::tensor(values, at::kDouble).reshape(shape);
}

/// Largest |got - wanted| over the largest |wanted|; NaN fails.
inline testing::AssertionResult close(const at::Tensor& got, const at::Tensor& wanted,
                                      double tolerance) {
  if (got.sizes() != wanted.sizes()) return testing::AssertionFailure() << "shapes differ";
  const at::Tensor reference = wanted.to(at::kCPU).to(at::kDouble);
  const double scale = reference.abs().max().item<double>();
  const double error =
      (got.detach().to(at::kCPU).to(at::kDouble) - reference).abs().max().item<double>();
  if (!(error <= tolerance * scale)) {
    return testing::AssertionFailure()
           << "error " << error << " at scale " << scale << ", tolerance " << tolerance;
  }
  return testing::AssertionSuccess();
}

}  // namespace varphase
