// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/repair.hpp"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/where.h>

#include "analysis/predict/trunk.hpp"
#include "src/models/patterns.hpp"
#include "src/torch/numerics.hpp"

namespace varphase {
namespace {

constexpr double kMostMatch = 1e4;

/// [N, J, ...] -> [J, N * positions], float64.
at::Tensor by_unit(const at::Tensor& x) {
  return x.to(at::kDouble).transpose(0, 1).reshape({x.size(1), -1});
}

}  // namespace

BatchNorm& require_norm_behind(Network& network, std::size_t position) {
  auto& layers = network.layers();
  BatchNorm* norm = norm_behind(layers, position);
  VARPHASE_CHECK(norm != nullptr, ErrorKind::unsupported,
                 "--repair batch-norm: no batch norm follows {}", layers[position]->name());
  return *norm;
}

void OutputStatisticsSum::add(const at::Tensor& m, const at::Tensor& v) {
  const at::Tensor x = by_unit(m);
  const auto count = static_cast<double>(x.size(1));
  if (count == 0) return;
  const at::Tensor mean = x.mean(1);
  const at::Tensor square = (x - mean.unsqueeze(1)).square().sum(1);
  const at::Tensor variance = v.defined() ? by_unit(v).sum(1) : at::Tensor();
  if (count_ == 0) {
    mean_ = mean;
    square_ = square;
    variance_ = v.defined() ? variance : mean * 0;
  } else {
    const at::Tensor apart = mean - mean_;
    square_ = square_ + square + apart.square() * (count_ * count / (count_ + count));
    mean_ = mean_ + apart * (count / (count_ + count));
    if (v.defined()) variance_ = variance_ + variance;
  }
  count_ += count;
}

OutputStatistics OutputStatisticsSum::result() const {
  VARPHASE_CHECK(count_ > 0, ErrorKind::usage, "statistics of no images");
  return {mean_, (variance_ + square_) / count_};
}

OutputStatistics output_statistics(const at::Tensor& m, const at::Tensor& v) {
  OutputStatisticsSum sum;
  sum.add(m, v);
  return sum.result();
}

namespace {

/// Their statistics would stay those of the network before pruning.
void refuse_norms_within(const Network& network, Layer& layer) {
  for (Layer* own : modules(layer)) {
    if (own->as_batch_norm() != nullptr) network.position(own->name());
  }
}

}  // namespace

void reestimate_batch_norms(Network& network, std::size_t first, SampledInputs& train) {
  const at::NoGradGuard no_gradients;
  const IeeeFloat32 ieee;
  auto& layers = network.layers();
  bool found = false;
  for (std::size_t position = first + 1; position < layers.size(); ++position) {
    refuse_norms_within(network, *layers[position]);
    BatchNorm* norm = layers[position]->as_batch_norm();
    if (norm == nullptr) continue;
    found = true;
    const VarianceLayer* variance = variance_before(layers, position);
    OutputStatisticsSum sum;
    train.for_each_chunk(variance != nullptr ? position - 1 : position, [&](const at::Tensor& x) {
      if (variance == nullptr) {
        sum.add(x, {});
      } else {
        const VarianceLayer::Moments moments =
            variance->moments(x, variance->effective_mean(), variance->effective_variance());
        sum.add(moments.mean, moments.variance);
      }
    });
    const OutputStatistics statistics = sum.result();
    norm->set_statistics(statistics.mean, statistics.var);
  }
  VARPHASE_CHECK(found, ErrorKind::unsupported, "--repair batch-norm: no batch norm follows {}",
                 layers[first]->name());
}

at::Tensor variance_match(const at::Tensor& variance, const at::Tensor& mask,
                          const at::Tensor& input_square) {
  const at::Tensor parts =
      variance.to(at::kDouble) * input_square.to(variance.device(), at::kDouble);
  const at::Tensor all = parts.flatten(1).sum(1), kept = (parts * mask).flatten(1).sum(1);
  std::vector<std::int64_t> shape(static_cast<std::size_t>(variance.dim()), 1);
  shape[0] = variance.size(0);
  return at::where(kept > 0, all / kept, 1.0).clamp(1.0, kMostMatch).reshape(shape);
}

}  // namespace varphase
