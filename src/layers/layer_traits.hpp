// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "src/kernels/layers/activation.hpp"
#include "src/kernels/support/conv_geometry.hpp"

namespace varphase {

/// phi of an elementwise layer.
struct ElementwiseTraits {
  Activation activation = Activation::identity;
  double beta = 1;  // of softplus
};

/// What a layer is, for whoever must know without asking for its kind.
struct LayerTraits {
  /// How the layer's weights meet its input: as PyTorch's Linear or Conv2d does with the parameters
  /// "weight" and "bias" (a variance layer: with the effective means). A batch norm behind such a
  /// layer is an affine map of each output unit, and may fold into its weights.
  enum class Weights : std::uint8_t { none, dense, conv2d };
  /// What is random in modes other than Mode::mean.
  enum class Noise : std::uint8_t { none, weights, activations };
  enum class Pool : std::uint8_t { none, max, mean };

  Weights weights = Weights::none;
  ConvGeometry geometry;  // of the weights; a dense layer's inputs are channels of one place
  Noise noise = Noise::none;
  /// Whether each channel of the output depends on the same channel of the input alone: units may
  /// be taken out on both sides of the layer, with its own numbers of that channel.
  bool by_channel = false;
  std::optional<ElementwiseTraits> elementwise;
  Pool pool = Pool::none;
  std::int64_t window = 1;  // side of a pool's window, and its step

  bool weighted() const { return weights != Weights::none; }
};

}  // namespace varphase
