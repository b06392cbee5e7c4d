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
#include "src/base/json.hpp"

namespace varphase {

/// A variance layer after pruning. What it holds gives the layer's effective means and variances (math.md, section 2)
/// to the bit.
struct PrunedLayer {
  std::string layer;
  std::vector<std::int64_t> shape;  // of the weight, [out, in, ...]
  std::string replace;              // "mean": dropped weights keep their means; "zero": they are 0
  std::string parameterization;     // of the layer that was pruned; its theta is not stored
  BitMask mask;                     // over the weight, row-major
  std::vector<float> mean;          // "mean": of all weights; "zero": of the kept ones; row-major
  std::vector<float> variance;      // sigma^2 of the kept weights, row-major

  /// Number of the layer's weights.
  std::int64_t count() const;
  std::int64_t kept() const { return kept_count(mask); }
  /// Share of the layer's weights that was replaced, 0 .. 1.
  double sparsity() const;
};

/// Effective means and variances of all weights, row-major: what the layer computes with.
struct EffectiveWeights {
  std::vector<float> mean;
  std::vector<float> variance;
};

/// A network with pruned variance layers: what `prune` writes and `eval`, `predict` and `export` take.
struct SparseModel {
  std::string config;      // resolved configuration of the run, JSON; its "network" is the spec
  std::int64_t epoch = 0;  // of the checkpoint it was made from
  /// of the score; NaN: cut by sparsity
  double threshold = std::numeric_limits<double>::quiet_NaN();
  std::vector<PrunedLayer> layers;
  std::vector<Array> parameters;  // all that was not pruned, names "<layer>/<parameter>"
  std::vector<Array> buffers;     // names "<layer>/<buffer>"
  /// checkpoint, digest, criterion, repair, version, created ...
  std::map<std::string, std::string> provenance;

  /// @throws Error usage naming the pruned layers.
  const PrunedLayer& layer(const std::string& name) const;
  /// Number of weights of the pruned layers and of entries of all other parameters: what figures for the whole network
  /// are shares of.
  std::int64_t network_weights() const;
  /// Dropped weights of all pruned layers / network_weights().
  double sparsity() const;
};

/// Packs a layer.
/// @param shape  of the weight; all spans have as many entries
/// @param mean, variance  effective values before pruning; those that the rule drops are not looked at
/// @param keep  0: dropped, else kept
/// @throws Error shape, usage (unknown rule), numeric (not finite, negative variance).
PrunedLayer make_pruned_layer(std::string layer, std::vector<std::int64_t> shape,
                              std::string replace, std::string parameterization,
                              std::span<const float> mean, std::span<const float> variance,
                              std::span<const std::uint8_t> keep);

/// What the layer computes with: by rule mean (mu, keep * sigma^2), by rule zero (keep * mu, keep * sigma^2).
EffectiveWeights effective_weights(const PrunedLayer& layer);

/// Means of the kept weights, row-major.
std::vector<float> kept_means(const PrunedLayer& layer);

/// The variances of the kept weights as a sparse matrix [out, product of the other extents].
CsrMatrix csr_variances(const PrunedLayer& layer);

/// The one alpha with which variance = alpha * mean^2 holds for every weight, in float32 to the bit; none where there
/// is no such number, or no weight.
std::optional<float> shared_alpha(std::span<const float> mean, std::span<const float> variance);
/// The same for the kept weights of a pruned layer.
std::optional<float> shared_alpha(const PrunedLayer& layer);
/// alpha * (mean * mean) for each weight, in float32.
std::vector<float> variances_of_alpha(float alpha, std::span<const float> mean);

/// 1 / (1 - sparsity); infinite where nothing is kept.
double compression(double sparsity);

/// Bytes of the arrays of one pruned layer in a file, computed without writing one (a sweep shows them). Rule mean: the
/// mask, all means, the kept variances. Rule zero: indptr, indices, kept means and variances.
/// @param alpha_is_shared  whether one alpha is stored in place of all variances
/// @throws Error usage (unknown rule), shape.
std::int64_t stored_bytes(const std::string& replace, const std::vector<std::int64_t>& shape,
                          std::int64_t kept, bool alpha_is_shared);
/// The same for a whole model: its pruned layers and all other arrays.
std::int64_t stored_bytes(const SparseModel& model);
/// Bytes of the same network with the means of all weights and no variances: the least that a dense file takes.
std::int64_t dense_bytes(const SparseModel& model);

/// A JSON list: name, shape, rule, parameterization and number of kept weights of each pruned layer, the form in which
/// every file lists them.
Json layer_list(const SparseModel& model);

/// File form (kind "pruned"): see checkpoints/FORMAT.md.
/// @throws Error format where the model contradicts itself.
Document to_document(const SparseModel& model);

/// Reads what to_document made. @param path  names the file in messages
/// @throws Error format where the document does not follow the schema: unknown or missing arrays, shapes, counts that
///   disagree with the mask, indices out of range, entries that are not finite, names that stand twice.
SparseModel sparse_model_from_document(const Document& document, const std::string& path);

}  // namespace varphase
