// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analysis/curvature/hessian_rows.hpp"
#include "analysis/kappa/histogram.hpp"
#include "checkpoints/document.hpp"

namespace varphase {

/// kappa of one variance layer: variance times the diagonal of the Hessian of the negative
/// log-likelihood, summed over images, all other weights at their means, batch norm in eval mode.
/// Signed. A layer without variances has the curvature alone.
struct LayerKappa {
  std::string layer;
  std::vector<std::int64_t> shape;      // of the weight, [out, in] or [out, in, height, width]
  std::vector<float> hessian_diagonal;  // d^2 L / dw^2
  std::vector<float> variance;          // sigma^2 of each weight; empty: the layer has none
  std::string method = "closed form";   // of the curvature, as FORMAT.md lists them
  std::string smooth = "none";          // "softplus:1" where kinks were smoothed for it
  std::int64_t factors = 0;             // an image that reached the layer; 0: closed form
  // Of the same pass, where asked for, by weight: standard error of an estimated hessian_diagonal,
  // Gauss-Newton diagonal, gradient dL/dw, sum of squared per-image gradients.
  std::vector<float> standard_error, gauss_newton, gradient, fisher;

  std::int64_t count() const { return static_cast<std::int64_t>(hessian_diagonal.size()); }
  bool has_variance() const { return !variance.empty(); }
  /// variance * hessian_diagonal in float64, so that the product of two small numbers does not
  /// vanish.
  double kappa(std::int64_t i) const;
  /// Number of weights with |kappa| > kappa0.
  std::int64_t over(double kappa0) const;
  /// Of these and the others, how many lie within two standard errors of kappa0: the count may be
  /// off by so many. 0 where nothing is estimated.
  std::int64_t uncertain(double kappa0) const;
  /// Of |kappa|; of |hessian_diagonal| where there are no variances.
  LogHistogram histogram() const;
};

/// What `verify` found: sampled entries beside a float64 double backward.
struct KappaProof {
  std::int64_t entries = 0;
  double worst_relative_error = 0;  // |difference| / largest |entry| of the reference
  HessianRows rows;                 // of the first of these entries
};

struct KappaMap {
  std::int64_t epoch = 0;
  std::int64_t images = 0;  // N of the sum
  std::string split = "train";
  std::string method = "exact";
  std::string smooth = "none";  // of the layers, joined where they differ: "conv1 none, dense1 ..."
  std::optional<std::int64_t> label;  // where the sum is over the images of one class alone
  std::optional<bool> repeatable;  // where it was tried: two passes over a few images gave the same
                                   // bits on this device
  std::vector<LayerKappa> layers;
  std::vector<KappaProof> proofs;        // none or one per layer
  std::vector<LayerKappa> plain_layers;  // curvature of layers without variances
  std::vector<KappaProof> plain_proofs;  // none or one per plain layer
  std::map<std::string, std::string>
      provenance;  // version, git hash, device, checkpoint file, digest of the images, created

  const LayerKappa& layer(const std::string& name) const;  // "" = the first one
};

/// File form (kind "kappa"): see checkpoints/FORMAT.md. Counts and histograms are stored beside the
/// maps.
Document to_document(const KappaMap& map);
/// @throws Error format where the document does not follow the schema (shapes, counts, non-finite
/// entries).
KappaMap kappa_from_document(const Document& document, const std::string& path);

}  // namespace varphase
