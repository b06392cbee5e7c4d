// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/curvature/double_backward.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/autograd.h>

#include "analysis/curvature/random_signs.hpp"

namespace varphase {
namespace {

using Nll = std::function<at::Tensor(const at::Tensor& weight)>;

constexpr std::size_t kMostRows = 8;
// Of the root mean square weight: the first for smooth networks, whose gradients then keep more
// digits of their difference; the second where a kink may lie near.
constexpr double kSteps[] = {1e-5, 1e-7};

at::Tensor gradient_at(const Nll& nll, const at::Tensor& weight) {
  const at::Tensor leaf = weight.detach().clone().set_requires_grad(true);
  return torch::autograd::grad({nll(leaf)}, {leaf})[0].flatten();
}

double median(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

HessianRows look_at(const std::vector<at::Tensor>& list, const std::vector<std::int64_t>& entries,
                    const Nll& nll, const at::Tensor& weight, const NoiseKey& key) {
  HessianRows found;
  found.rows = static_cast<std::int64_t>(list.size());
  if (list.empty()) return found;
  const at::Tensor rows = at::stack(list);  // [R, weights]
  const at::Tensor at = at::tensor(entries, rows.options().dtype(at::kLong));
  const at::Tensor among = rows.index_select(1, at);
  const auto share_of = [](const at::Tensor& off, const at::Tensor& whole) {
    const double scale = whole.abs().max().item<double>(), error = off.abs().max().item<double>();
    return scale > 0 ? error / scale : error;
  };
  found.asymmetry = share_of(among - among.t(), rows);

  const at::Tensor flat = weight.detach().flatten();
  const at::Tensor v =
      random_signs(flat.unsqueeze(0), at::zeros({1}, at.options()), key.seed, key.layer, 0)
          .squeeze(0);
  const double size = flat.square().mean().sqrt().item<double>();
  const at::Tensor product = rows.mv(v);
  found.direction_error = std::numeric_limits<double>::quiet_NaN();
  for (const double share : kSteps) {
    const double step = share * (size > 0 ? size : 1);
    const at::Tensor along = (step * v).view_as(weight);
    const at::Tensor difference =
        (gradient_at(nll, weight + along) - gradient_at(nll, weight - along)) / (2 * step);
    found.direction_error = std::fmin(found.direction_error,
                                      share_of(product - difference.index_select(0, at), product));
  }

  std::vector<double> largest, shares;
  for (std::size_t r = 0; r < list.size(); ++r) {
    const double entry = std::abs(list[r][entries[r]].item<double>());
    if (entry == 0) continue;
    at::Tensor off = list[r].abs();
    off[entries[r]] = 0;
    largest.push_back(off.max().item<double>() / entry);
    shares.push_back(entry * entry / list[r].square().sum().item<double>());
  }
  found.largest_off_diagonal = median(largest);
  found.diagonal_share = median(shares);
  return found;
}

}  // namespace

DiagonalProof prove_by_double_backward(const Nll& nll, const at::Tensor& weight,
                                       const at::Tensor& diagonal, std::int64_t entries,
                                       const NoiseKey& key) {
  const at::Tensor leaf = weight.detach().clone().set_requires_grad(true);
  const at::Tensor gradient = torch::autograd::grad({nll(leaf)}, {leaf}, {}, true, true)[0];
  const at::Tensor flat = gradient.flatten(), got = diagonal.flatten();
  double worst = 0, largest = got.abs().max().item<double>();
  std::vector<at::Tensor> rows;
  std::vector<std::int64_t> row_entries;
  for (std::int64_t e = 0; e < entries; ++e) {
    const PhiloxBlock words = noise_block(key, 0, 0, static_cast<std::uint32_t>(e));
    const auto at_entry = static_cast<std::int64_t>(
        (static_cast<std::uint64_t>(words.x0) * static_cast<std::uint64_t>(weight.numel())) >> 32U);
    const at::Tensor found =
        torch::autograd::grad({flat[at_entry]}, {leaf}, {}, true, false, true)[0];
    const at::Tensor row = found.defined() ? found.flatten() : at::zeros_like(got, at::kDouble);
    const double exact = row[at_entry].item<double>();
    largest = std::max(largest, std::abs(exact));
    worst = std::max(worst, std::abs(exact - got[at_entry].item<double>()));
    const bool known =
        std::find(row_entries.begin(), row_entries.end(), at_entry) != row_entries.end();
    if (rows.size() < kMostRows && !known) {
      rows.push_back(row);
      row_entries.push_back(at_entry);
    }
  }
  return {largest > 0 ? worst / largest : worst, look_at(rows, row_entries, nll, leaf, key)};
}

}  // namespace varphase
