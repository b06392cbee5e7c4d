// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/sparse/sparse_model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "analysis/sparse/sparse_model_checks.hpp"
#include "src/base/suggest.hpp"

namespace varphase {
namespace {

std::int64_t column_count(const PrunedLayer& layer) { return layer.count() / layer.shape.front(); }

CsrMatrix csr_of(const PrunedLayer& layer, std::vector<float> kept_values) {
  CsrMatrix matrix{layer.shape.front(), column_count(layer), {0}, {}, std::move(kept_values)};
  matrix.indices.reserve(matrix.values.size());
  std::size_t weight = 0;
  for (std::int64_t row = 0; row < matrix.rows; ++row) {
    for (std::int32_t col = 0; col < static_cast<std::int32_t>(matrix.cols); ++col, ++weight) {
      if ((layer.mask[weight >> 3U] >> (weight & 7U) & 1U) != 0) matrix.indices.push_back(col);
    }
    matrix.indptr.push_back(static_cast<std::int32_t>(matrix.indices.size()));
  }
  return matrix;
}

std::int64_t array_bytes(const std::vector<Array>& arrays) {
  std::int64_t bytes = 0;
  for (const Array& array : arrays) bytes += static_cast<std::int64_t>(array.bytes.size());
  return bytes;
}

}  // namespace

std::int64_t PrunedLayer::count() const {
  std::int64_t total = 1;
  for (const std::int64_t extent : shape) total *= extent;
  return total;
}

double PrunedLayer::sparsity() const {
  return static_cast<double>(count() - kept()) / static_cast<double>(count());
}

const PrunedLayer& SparseModel::layer(const std::string& name) const {
  std::vector<std::string> known;
  for (const PrunedLayer& candidate : layers) {
    if (candidate.layer == name) return candidate;
    known.push_back(candidate.layer);
  }
  fail(ErrorKind::usage, "no pruned layer '{}'{}", name, suggestion(name, known));
}

std::int64_t SparseModel::network_weights() const {
  std::int64_t total = 0;
  for (const PrunedLayer& layer : layers) total += layer.count();
  for (const Array& array : parameters) total += array.count();
  return total;
}

double SparseModel::sparsity() const {
  std::int64_t replaced = 0;
  for (const PrunedLayer& layer : layers) replaced += layer.count() - layer.kept();
  return static_cast<double>(replaced) / static_cast<double>(network_weights());
}

PrunedLayer make_pruned_layer(std::string layer, std::vector<std::int64_t> shape,
                              std::string replace, std::string parameterization,
                              std::span<const float> mean, std::span<const float> variance,
                              std::span<const std::uint8_t> keep) {
  const std::string what = "layer " + layer;
  check_rule(replace, ErrorKind::usage, what);
  const auto count = static_cast<std::size_t>(weight_count(shape, ErrorKind::shape, what));
  VARPHASE_CHECK(mean.size() == count && variance.size() == count && keep.size() == count,
                 ErrorKind::shape, "{}: {} means, {} variances and {} marks for {} weights", what,
                 mean.size(), variance.size(), keep.size(), count);
  PrunedLayer pruned{std::move(layer),
                     std::move(shape),
                     std::move(replace),
                     std::move(parameterization),
                     pack_mask(keep),
                     {},
                     {}};
  const auto kept = static_cast<std::size_t>(pruned.kept());
  const bool all_means = pruned.replace == "mean";
  if (all_means) pruned.mean.assign(mean.begin(), mean.end());
  pruned.mean.reserve(all_means ? count : kept);
  pruned.variance.reserve(kept);
  for (std::size_t i = 0; i < count; ++i) {
    if (keep[i] == 0) continue;
    if (!all_means) pruned.mean.push_back(mean[i]);
    pruned.variance.push_back(variance[i]);
  }
  check_finite(pruned.mean, ErrorKind::numeric, what + ": mean");
  check_variance(pruned.variance, ErrorKind::numeric, what + ": variance");
  return pruned;
}

EffectiveWeights effective_weights(const PrunedLayer& layer) {
  const auto count = static_cast<std::size_t>(layer.count());
  const bool all_means = layer.replace == "mean";
  EffectiveWeights weights{all_means ? layer.mean : std::vector<float>(count),
                           std::vector<float>(count)};
  std::size_t entry = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if ((layer.mask[i >> 3U] >> (i & 7U) & 1U) == 0) continue;
    if (!all_means) weights.mean[i] = layer.mean[entry];
    weights.variance[i] = layer.variance[entry];
    ++entry;
  }
  return weights;
}

std::vector<float> kept_means(const PrunedLayer& layer) {
  if (layer.replace == "zero") return layer.mean;
  std::vector<float> kept;
  kept.reserve(layer.variance.size());
  for (std::size_t i = 0; i < layer.mean.size(); ++i) {
    if ((layer.mask[i >> 3U] >> (i & 7U) & 1U) != 0) kept.push_back(layer.mean[i]);
  }
  return kept;
}

CsrMatrix csr_variances(const PrunedLayer& layer) { return csr_of(layer, layer.variance); }

std::vector<float> variances_of_alpha(float alpha, std::span<const float> mean) {
  std::vector<float> variances(mean.size());
  for (std::size_t i = 0; i < mean.size(); ++i) {
    const float square = mean[i] * mean[i];
    variances[i] = alpha * square;
  }
  return variances;
}

std::optional<float> shared_alpha(std::span<const float> mean, std::span<const float> variance) {
  if (mean.empty()) return std::nullopt;
  // The largest mean says alpha to a unit or two in the last place; which one, the others tell.
  const auto largest = std::max_element(mean.begin(), mean.end(),
                                        [](float a, float b) { return std::abs(a) < std::abs(b); });
  const float square = *largest * *largest;
  if (!(square > 0)) return std::nullopt;
  float alpha = variance[static_cast<std::size_t>(largest - mean.begin())] / square;
  constexpr int kNeighbours = 2;
  for (int step = 0; step < kNeighbours; ++step) alpha = std::nextafter(alpha, 0.0F);
  for (int step = 0; step <= 2 * kNeighbours; ++step) {
    const std::vector<float> variances = variances_of_alpha(alpha, mean);
    if (std::equal(variances.begin(), variances.end(), variance.begin(), variance.end()))
      return alpha;
    alpha = std::nextafter(alpha, std::numeric_limits<float>::infinity());
  }
  return std::nullopt;
}

std::optional<float> shared_alpha(const PrunedLayer& layer) {
  return shared_alpha(kept_means(layer), layer.variance);
}

double compression(double sparsity) { return 1 / (1 - sparsity); }

std::int64_t stored_bytes(const std::string& replace, const std::vector<std::int64_t>& shape,
                          std::int64_t kept, bool alpha_is_shared) {
  check_rule(replace, ErrorKind::usage, "stored bytes");
  const std::int64_t count = weight_count(shape, ErrorKind::shape, "stored bytes");
  VARPHASE_CHECK(kept >= 0 && kept <= count, ErrorKind::shape, "{} of {} weights kept", kept,
                 count);
  constexpr std::int64_t kWord = 4;
  const std::int64_t variances = alpha_is_shared && kept > 0 ? 1 : kept;
  if (replace == "mean") return (count + 7) / 8 + kWord * (count + variances);
  return kWord * (shape.front() + 1 + 2 * kept + variances);
}

std::int64_t stored_bytes(const SparseModel& model) {
  std::int64_t bytes = array_bytes(model.parameters) + array_bytes(model.buffers);
  for (const PrunedLayer& layer : model.layers) {
    bytes +=
        stored_bytes(layer.replace, layer.shape, layer.kept(), shared_alpha(layer).has_value());
  }
  return bytes;
}

std::int64_t dense_bytes(const SparseModel& model) {
  std::int64_t bytes = array_bytes(model.parameters) + array_bytes(model.buffers);
  for (const PrunedLayer& layer : model.layers) {
    bytes += layer.count() * static_cast<std::int64_t>(sizeof(float));
  }
  return bytes;
}

}  // namespace varphase
