// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/curvature/double_backward.hpp"

#include <algorithm>
#include <cmath>

#include <torch/csrc/autograd/autograd.h>

namespace varphase {

double worst_against_double_backward(const at::Tensor& nll, const at::Tensor& weight,
                                     const at::Tensor& diagonal, std::int64_t entries,
                                     const NoiseKey& key) {
  const at::Tensor gradient = torch::autograd::grad({nll}, {weight}, {}, true, true)[0].flatten();
  const at::Tensor got = diagonal.flatten();
  double worst = 0, largest = got.abs().max().item<double>();
  for (std::int64_t e = 0; e < entries; ++e) {
    const PhiloxBlock words = noise_block(key, 0, 0, static_cast<std::uint32_t>(e));
    const auto at_entry = static_cast<std::int64_t>(
        (static_cast<std::uint64_t>(words.x0) * static_cast<std::uint64_t>(weight.numel())) >> 32U);
    const at::Tensor row =
        torch::autograd::grad({gradient[at_entry]}, {weight}, {}, true, false, true)[0];
    const double exact = row.defined() ? row.flatten()[at_entry].item<double>() : 0;
    largest = std::max(largest, std::abs(exact));
    worst = std::max(worst, std::abs(exact - got[at_entry].item<double>()));
  }
  return largest > 0 ? worst / largest : worst;
}

}  // namespace varphase
