// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <ATen/core/Tensor.h>

#include "analysis/predict/sampled_inputs.hpp"
#include "src/layers/batch_norm.hpp"
#include "src/models/network.hpp"

namespace varphase {

/// What is mended after pruning: the statistics of the batch norms behind it, or the variance that
/// the kept weights give to their outputs, or both (the variance first). Source: docs/math.md,
/// "Repair after pruning".
enum class Repair { none, batch_norm, variance, both };
std::string repair_name(Repair repair);
/// @throws Error usage with the known names.
Repair repair_from_name(const std::string& name);
bool mends_batch_norm(Repair repair);
bool mends_variance(Repair repair);

/// The batch norm that follows layer `position`. @throws Error unsupported where none does.
BatchNorm& require_norm_behind(Network& network, std::size_t position);

/// Mean and variance of a sampled output over images (and positions), two float64 [J].
struct OutputStatistics {
  at::Tensor mean, var;
};

/// Sums up the statistics of an output that comes in chunks of images: mean_j = mean_n m, var_j =
/// mean_n v + mean_n (m - mean_j)^2, 1/N, by Chan's merge in float64.
class OutputStatisticsSum {
 public:
  /// @param m the output's mean [N, J] or [N, J, H, W]; @param v its variance, alike; undefined: 0,
  /// where m was sampled.
  void add(const at::Tensor& m, const at::Tensor& v);
  OutputStatistics result() const;

 private:
  double count_ = 0;
  at::Tensor mean_, square_, variance_;  // float64 [J]: mean of m, sum of (m - mean)^2, sum of v
};

/// The same of all images at once.
OutputStatistics output_statistics(const at::Tensor& m, const at::Tensor& v);

/// Re-estimates every batch norm behind layer `first`, in network order, each with those before it
/// as they have become. A norm right behind a variance layer takes its statistics from that layer's
/// moments, any other from sampled outputs, one draw an image.
/// @param train the training images' passes through this network, under the weights as they are.
/// @throws Error unsupported where no batch norm lies behind `first`.
void reestimate_batch_norms(Network& network, std::size_t first, SampledInputs& train);

/// rho_j = sum_i sigma2_ij E a_i^2 / sum_{i kept} sigma2_ij E a_i^2, in [1, 1e4]; 1 where nothing
/// is kept: times rho_j the kept variances give output j the variance that it had, where its inputs
/// are as they were. float64, [J, 1...], to be multiplied with a weight.
/// @param variance, mask [J, in...]; @param input_square E a^2 [in...]
at::Tensor variance_match(const at::Tensor& variance, const at::Tensor& mask,
                          const at::Tensor& input_square);

}  // namespace varphase
