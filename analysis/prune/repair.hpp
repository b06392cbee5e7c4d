// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <ATen/core/Tensor.h>

#include "src/layers/batch_norm.hpp"
#include "src/models/network.hpp"

namespace varphase {

enum class Repair { none, batch_norm };
std::string repair_name(Repair repair);
Repair repair_from_name(const std::string& name);

/// The batch norm that follows layer `position`. @throws Error unsupported where none does.
BatchNorm& batch_norm_behind(Network& network, std::size_t position);

/// Mean and variance over images of a sampled output, from its moments: mean_j = mean_n m, var_j =
/// mean_n v + mean_n (m - mean_j)^2, two passes in float64, 1/N. Source: docs/math.md, "Repair
/// after pruning".
/// @param m, v [N, J]; @return two float64 [J]
struct OutputStatistics {
  at::Tensor mean, var;
};
OutputStatistics output_statistics(const at::Tensor& m, const at::Tensor& v);

}  // namespace varphase
