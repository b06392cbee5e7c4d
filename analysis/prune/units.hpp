// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <ATen/core/Tensor.h>

namespace varphase {

/// Scores by which whole units are dropped: each weight gets the sum over its output unit, so that all weights of a
/// unit are neighbours in the order of dropping.
/// @param score  [out, in...] @param criterion  named in messages
/// @throws Error usage where all units have the same score.
at::Tensor unit_scores(const at::Tensor& score, const std::string& criterion);

/// The same mask with whole units only: a unit of which some weight is kept is kept whole.
/// @param kept  what an earlier pruning kept, which stays the most that is kept; undefined: all
at::Tensor whole_units(const at::Tensor& mask, const at::Tensor& kept = {});

}  // namespace varphase
