// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "analysis/sparse/sparse_model.hpp"
#include "src/models/network.hpp"

namespace varphase {

/// A pruned network in the form in which it is trained: what the network's parameterizations call
/// theta is found again from the file's variances, and each pruned layer gets its mask. Kept
/// weights then have the file's means, and its variances to the rounding of theta (4e-6 of each);
/// what rule mean replaced keeps its mean without a variance.
/// @param network of the model's spec; its pruned layers may be of another parameterization. On the
/// CPU; tensors are replaced.
/// @throws Error unsupported where a parameterization cannot give the kept weights those variances,
/// naming layer and weight; shape where the model is of another architecture.
void load_trainable(Network& network, const SparseModel& model);

}  // namespace varphase
