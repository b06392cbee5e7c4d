// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/kernels/support/where.hpp"
#include "src/layers/conv_pool_block.hpp"
#include "src/layers/norm_pool_block.hpp"
#include "src/layers/variance_layer.hpp"

namespace varphase {

// Layers that follow each other so that something runs or computes them as one: whoever asks what
// stands beside a layer asks here.

using LayerList = std::vector<std::unique_ptr<Layer>>;

/// The batch norm right behind a layer; null where another layer, or none, follows.
BatchNorm* norm_behind(const LayerList& layers, std::size_t position);

/// The variance layer right in front of a batch norm, whose output the norm takes as it is; null
/// where there is none.
VarianceLayer* variance_before(const LayerList& layers, std::size_t position);

/// The activation behind a layer, past its batch norm; none where another layer comes first.
std::optional<ElementwiseTraits> activation_behind(const LayerList& layers, std::size_t position);

/// The tail of a network: a variance dense layer, batch norm or none, an activation or none, one
/// dense layer to the logits.
struct HeadPattern {
  VarianceLayer* variance = nullptr;
  BatchNorm* norm = nullptr;  // or none
  ElementwiseTraits phi;      // the identity where there is no activation
  Layer* dense = nullptr;
};

/// @param why where not null, is told what stands in the way.
std::optional<HeadPattern> head_at(const LayerList& layers, std::size_t position, std::string* why);

/// Batch norm, activation and perhaps max pooling from layer `first` on, ending before `last`.
std::optional<NormPoolBlock> norm_pool_at(const LayerList& layers, std::size_t first,
                                          std::size_t last);

/// A convolution with such a block behind it. @param where the kernel must fit the memory there
std::optional<ConvPoolBlock> conv_pool_at(const LayerList& layers, std::size_t first,
                                          std::size_t last, Where where);

}  // namespace varphase
