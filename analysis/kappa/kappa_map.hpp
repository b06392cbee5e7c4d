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

/// kappa of one variance layer: each weight's variance times its entry of the diagonal of the Hessian of the negative
/// log-likelihood L. L is summed over images, all other weights are at their means, batch norm is in eval mode. Signed.
/// For a layer without variances: that diagonal alone.
struct LayerKappa {
  std::string layer;
  std::vector<std::int64_t> shape;      // of the weight, [out, in] or [out, in, height, width]
  std::vector<float> hessian_diagonal;  // d^2 L / dw^2
  std::vector<float> variance;          // sigma^2 of each weight; empty: the layer has none
  std::string method = "closed form";   // how the curvature was computed; FORMAT.md lists the names
  std::string smooth = "none";          // "softplus:1" where kinks were smoothed for it
  std::int64_t factors = 0;  // signed factors per image that reached the layer; 0: closed form
  // By weight, empty where not asked for: standard error of an estimated hessian_diagonal, Gauss-Newton diagonal,
  // gradient dL/dw, and the sum over images of their squared gradients (the empirical Fisher diagonal).
  std::vector<float> standard_error, gauss_newton, gradient, fisher;

  std::int64_t count() const { return static_cast<std::int64_t>(hessian_diagonal.size()); }
  bool has_variance() const { return !variance.empty(); }
  /// variance * hessian_diagonal in float64, so that the product of two small numbers does not vanish.
  double kappa(std::int64_t i) const;
  /// Number of weights with |kappa| > kappa0.
  std::int64_t over(double kappa0) const;
  /// How many weights have a |kappa| within two standard errors of kappa0, above or below: over(kappa0) may be off by
  /// so many. 0 where nothing is estimated.
  std::int64_t uncertain(double kappa0) const;
  /// Histogram of |kappa|, or of |hessian_diagonal| where there are no variances.
  LogHistogram histogram() const;
};

/// What `verify` found: some entries of the diagonal compared with a float64 double backward pass.
struct KappaProof {
  std::int64_t entries = 0;
  double worst_relative_error = 0;  // |difference| / largest |entry| of the reference
  HessianRows rows;                 // of the first of these weights
};

/// kappa of a network at one epoch.
struct KappaMap {
  std::int64_t epoch = 0;
  std::int64_t images = 0;  // N of the sum over images
  std::string split = "train";
  std::string method = "exact";
  /// of all layers, or by layer where they differ: "conv1 none, dense1 ..."
  std::string smooth = "none";
  std::optional<std::int64_t> label;  // the class whose images alone are summed; none: all images
  /// whether two passes over a few images gave the same bits on this device; none: not tried
  std::optional<bool> repeatable;
  std::vector<LayerKappa> layers;
  std::vector<KappaProof> proofs;        // none or one per layer
  std::vector<LayerKappa> plain_layers;  // curvature of layers without variances
  std::vector<KappaProof> plain_proofs;  // none or one per plain layer
  /// version, git hash, device, checkpoint file, digest of the images, created
  std::map<std::string, std::string> provenance;

  const LayerKappa& layer(const std::string& name) const;  // "" = the first one
};

/// File form (kind "kappa"): see checkpoints/FORMAT.md. Counts and histograms are stored beside the maps.
Document to_document(const KappaMap& map);
/// @throws Error format where the document does not follow the schema (shapes, counts, non-finite entries).
KappaMap kappa_from_document(const Document& document, const std::string& path);

}  // namespace varphase
