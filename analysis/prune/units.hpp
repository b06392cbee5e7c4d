// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <ATen/core/Tensor.h>

namespace varphase {

/// How a cut lies: wherever the weights are, the same with dead units taken out of the network, or
/// by whole output units (neurons, channels) which then go.
enum class Structure { none, compact, neurons };
std::string structure_name(Structure structure);
/// @throws Error usage with the known names.
Structure structure_from_name(const std::string& name);

/// Scores by which whole units go: each weight's is the sum over its output unit, so that the
/// weights of a unit are neighbours in every order by (score, flat index).
/// @param score [out, in...], higher = keep @param criterion named in messages
/// @throws Error usage where all units have the same.
at::Tensor unit_scores(const at::Tensor& score, const std::string& criterion);

/// The mask with the unit through which its border runs put back: units of which anything is kept
/// are kept as `kept` has them. @param kept what an earlier pruning kept; undefined: all
at::Tensor whole_units(const at::Tensor& mask, const at::Tensor& kept = {});

}  // namespace varphase
