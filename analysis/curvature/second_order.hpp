// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "analysis/curvature/curvature_chain.hpp"
#include "src/noise/noise_key.hpp"

namespace varphase {

/// How residuals of curved activations, the diagonal parts of the Hessian, are passed down. exact: each entry becomes a
/// factor. gauss_newton: they are left out, which gives the diagonal of the Gauss-Newton matrix. sampled_residual:
/// those of layers further up enter through random signs, without bias and with a standard error.
enum class CurvatureMethod { exact, gauss_newton, sampled_residual };

/// What second-order backpropagation is to compute.
struct SecondOrderRequest {
  std::vector<std::size_t> layers;  // positions in the network, each a layer with weights
  CurvatureMethod method = CurvatureMethod::exact;
  std::int64_t samples = 2;  // of sampled_residual: sign vectors per image
  std::uint64_t seed = 1;
  bool others = false;                // also gradient, empirical Fisher and Gauss-Newton diagonal
  std::int64_t memory = 512LL << 20;  // bytes that factors may take at once
};

/// Sums over images for the weights of one layer, float64 [weight...]; undefined where not asked for.
struct LayerDiagonal {
  at::Tensor hessian;
  at::Tensor error_variance;  // squared standard error of `hessian`, where that is estimated
  at::Tensor gauss_newton;
  at::Tensor gradient;
  at::Tensor fisher;  // empirical: sum of squared per-image gradients
};

/// Second-order backpropagation: the diagonal of the Hessian of the negative log-likelihood, summed over images, in the
/// weights of any layers of a chain. For each image the Hessian in a layer's units is kept as signed factors and a
/// diagonal residual,
///
///     sum_f s_f f f^T + diag(delta),
///
/// which each rule passes on to the layer below. Source: docs/math.md, "Any sequential network".
class SecondOrder {
 public:
  /// @param chain  begins at or below the lowest of the layers; must outlive this
  SecondOrder(CurvatureChain& chain, const SecondOrderRequest& request);

  /// Adds the images of one chunk.
  /// @param x  input of the chain [N, ...] @param labels  int64 [N]
  /// @param example  int64 [N], numbers of the images, which decide the estimator's signs
  void add(const at::Tensor& x, const at::Tensor& labels, const at::Tensor& example);
  /// The sums so far, by layer of the request.
  const std::vector<LayerDiagonal>& sums() const { return sums_; }
  /// Puts other sums of the same layers in place of those so far, such as the saved ones of an interrupted pass; none:
  /// begins at 0. @return the sums so far
  std::vector<LayerDiagonal> exchange(std::vector<LayerDiagonal> sums = {}) {
    sums.resize(sums_.size());
    sums_.swap(sums);
    return sums;
  }

  /// How many factors per image reached the output of each layer of the request in the last chunk (of the estimator:
  /// how many would have, if exact).
  const std::vector<std::int64_t>& factors() const { return factors_; }

 private:
  using Readers = std::vector<std::unique_ptr<WeightReader>>;
  using Absorb = std::function<void(std::size_t layer, const at::Tensor& part)>;

  Readers make_readers() const;
  void build_gates();
  std::vector<at::Tensor> sweep(const at::Tensor& gradient);
  bool below_pool(std::size_t i) const;
  void descend(Factors factors, std::ptrdiff_t from, Readers& readers);
  void take(Readers& readers, const Absorb& absorb) const;
  std::int64_t factors_at_once(std::int64_t images, std::size_t below) const;
  void count_factors(const std::vector<at::Tensor>& residuals);
  void expand_residuals(const std::vector<at::Tensor>& residuals, Readers& readers);
  void sample_residuals(const std::vector<at::Tensor>& residuals, const at::Tensor& example);
  bool wanted(std::size_t i) const { return slot_[i] >= 0; }

  CurvatureChain& chain_;
  SecondOrderRequest request_;
  std::vector<int> slot_;  // by rule: place in the request, or -1
  std::size_t lowest_ = 0;
  std::vector<LayerDiagonal> sums_;
  std::vector<std::int64_t> factors_;
  std::vector<std::unique_ptr<Gate>> gates_;         // by the uppermost rule of a run
  std::vector<std::optional<PoolWinners>> winners_;  // by linear rule below a pool, once asked for
  std::vector<std::int64_t> units_;  // with a residual an image, at most, by linear rule
  std::int64_t classes_ = 0;
};

}  // namespace varphase
