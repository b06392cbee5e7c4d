// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analysis/sparse/csr_matrix.hpp"
#include "checkpoints/document.hpp"
#include "src/base/array.hpp"
#include "src/base/bit_mask.hpp"

namespace varphase {

/// A variance layer of which weights were replaced. What is left reproduces the layer's effective
/// means and variances (math.md, section 2) to the bit.
struct PrunedLayer {
  std::string layer;
  std::vector<std::int64_t> shape;  // of the weight, [out, in, ...]
  std::string replace;              // "mean": the dropped keep their means; "zero": they go
  std::string parameterization;     // of the layer it was made from; theta itself is not stored
  BitMask mask;                     // over the weight, row-major
  std::vector<float> mean;          // "mean": of all weights; "zero": of the kept ones, row-major
  std::vector<float> variance;      // sigma^2 of the kept weights, row-major

  std::int64_t count() const;  // weights of the layer
  std::int64_t kept() const { return kept_count(mask); }
  /// Share of the layer's weights that was replaced, 0 .. 1.
  double sparsity() const;
};

/// Effective means and variances of all weights, row-major: what the layer computes with.
struct EffectiveWeights {
  std::vector<float> mean;
  std::vector<float> variance;
};

/// A network with pruned variance layers: what `prune` writes and `eval`, `predict` and `export`
/// take.
struct SparseModel {
  std::string config;      // resolved configuration of the run, JSON; its "network" is the spec
  std::int64_t epoch = 0;  // of the checkpoint it was made from
  double threshold =
      std::numeric_limits<double>::quiet_NaN();  // on the score; NaN: chosen by sparsity
  std::vector<PrunedLayer> layers;
  std::vector<Array> parameters;  // all that was not pruned, names "<layer>/<parameter>"
  std::vector<Array> buffers;     // names "<layer>/<buffer>"
  std::map<std::string, std::string>
      provenance;  // checkpoint, digest, criterion, repair, version, created ...

  /// @throws Error usage naming the pruned layers.
  const PrunedLayer& layer(const std::string& name) const;
  /// Weights of the pruned layers and entries of all other parameters: what network-wide figures
  /// are shares of.
  std::int64_t network_weights() const;
  /// Replaced weights of all pruned layers / network_weights().
  double sparsity() const;
};

/// Packs a layer.
/// @param shape of the weight; all spans have as many entries.
/// @param mean, variance effective values before pruning; those that the rule drops are not looked
/// at.
/// @param keep 0 = replaced, else kept.
/// @throws Error shape, usage (unknown rule), numeric (not finite, negative variance).
PrunedLayer make_pruned_layer(std::string layer, std::vector<std::int64_t> shape,
                              std::string replace, std::string parameterization,
                              std::span<const float> mean, std::span<const float> variance,
                              std::span<const std::uint8_t> keep);

/// mean rule: (mu, keep * sigma^2); zero rule: (keep * mu, keep * sigma^2).
EffectiveWeights effective_weights(const PrunedLayer& layer);

/// Means of the kept weights, row-major.
std::vector<float> kept_means(const PrunedLayer& layer);

/// The kept weights' means and variances by rows, [out, product of the other extents]; both have
/// the same pattern.
CsrMatrix csr_means(const PrunedLayer& layer);
CsrMatrix csr_variances(const PrunedLayer& layer);

/// The one alpha of which every variance is the product with its mean's square, in float32 to the
/// bit; none where there is no weight or no such number.
std::optional<float> shared_alpha(std::span<const float> mean, std::span<const float> variance);
/// Of a pruned layer's kept weights.
std::optional<float> shared_alpha(const PrunedLayer& layer);
/// float32: alpha * (mean * mean).
std::vector<float> variances_of_alpha(float alpha, std::span<const float> mean);

/// 1 / (1 - sparsity); infinite where nothing is kept.
double compression(double sparsity);

/// Bytes of the arrays that a pruned layer takes in a file. Rule mean: the mask, all means, the
/// kept variances; rule zero: indptr, indices, kept means and variances. A shared alpha stands for
/// all variances. A sweep states sizes by it without writing.
/// @throws Error usage (unknown rule), shape.
std::int64_t stored_bytes(const std::string& replace, const std::vector<std::int64_t>& shape,
                          std::int64_t kept, bool alpha_is_shared);
/// Of the whole model: its pruned layers and all other arrays.
std::int64_t stored_bytes(const SparseModel& model);
/// The same network with its pruned layers' means dense and no variances: the least that a dense
/// file takes.
std::int64_t dense_bytes(const SparseModel& model);

/// File form (kind "pruned"): see checkpoints/FORMAT.md.
/// @throws Error format where the model contradicts itself.
Document to_document(const SparseModel& model);

/// @param path names the file in messages.
/// @throws Error format where the document does not follow the schema: unknown or missing arrays,
/// shapes, counts that
///         disagree with the mask, indices out of range, entries that are not finite, names given
///         twice.
SparseModel sparse_model_from_document(const Document& document, const std::string& path);

}  // namespace varphase
