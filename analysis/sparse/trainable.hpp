// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "analysis/sparse/sparse_model.hpp"
#include "src/models/network.hpp"

namespace varphase {

/// Loads a pruned network so that it can be trained on: theta of each parameterization is computed from the file's
/// variances, and each pruned layer gets its mask. Kept weights then have the file's means, and its variances to the
/// rounding of theta (4e-6 of each); dropped weights by rule mean keep their mean without a variance.
/// @param network  of the model's spec, on the CPU; its pruned layers may have another parameterization. Tensors are
///   replaced.
/// @throws Error unsupported, naming layer and weight, where a parameterization cannot give the kept weights those
///   variances; shape where the model is of another architecture.
void load_trainable(Network& network, const SparseModel& model);

}  // namespace varphase
