// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

#include "analysis/predict/sampled_inputs.hpp"
#include "analysis/prune/cut_request.hpp"
#include "src/layers/batch_norm.hpp"
#include "src/models/network.hpp"

namespace varphase {

/// The batch norm that follows layer `position`. @throws Error unsupported where none does.
BatchNorm& require_norm_behind(Network& network, std::size_t position);

/// Mean and variance of a layer's sampled output over images (and positions), float64 [J] each.
struct OutputStatistics {
  at::Tensor mean, var;
};

/// Adds up the statistics of an output that comes in chunks of images, in float64 by Chan's merge:
///
///     mean_j = mean_n m_nj
///     var_j  = mean_n v_nj + mean_n (m_nj - mean_j)^2
class OutputStatisticsSum {
 public:
  /// @param m  the output's mean, [N, J] or [N, J, H, W] @param v  its variance, alike; undefined where m is a sample:
  ///   0
  void add(const at::Tensor& m, const at::Tensor& v);
  OutputStatistics result() const;

 private:
  double count_ = 0;
  at::Tensor mean_, square_, variance_;  // float64 [J]: mean of m, sum of (m - mean)^2, sum of v
};

/// The same for all images in one chunk.
OutputStatistics output_statistics(const at::Tensor& m, const at::Tensor& v);

/// Estimates anew the statistics of every batch norm behind layer `first`, from the front to the back, each with the
/// new statistics of those before it. A norm right behind a variance layer gets them from that layer's moments, any
/// other from sampled outputs, one draw per image.
/// @param train  passes of the training images through this network, under its weights as they are now
/// @throws Error unsupported where there is no batch norm behind `first`.
void reestimate_batch_norms(Network& network, std::size_t first, SampledInputs& train);

/// The factor for the kept variances of each output unit that gives the output the variance it had before pruning, as
/// long as its inputs stay the same:
///
///     rho_j = sum_i sigma2_ij E a_i^2 / sum_{i kept} sigma2_ij E a_i^2,
///
/// at most 1e4; 1 where nothing is kept. float64 [J, 1...], to be multiplied with a weight.
/// @param variance, mask  [J, in...] @param input_square  E a^2, [in...]
at::Tensor variance_match(const at::Tensor& variance, const at::Tensor& mask,
                          const at::Tensor& input_square);

}  // namespace varphase
