// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "analysis/exchange/onnx_mode.hpp"
#include "checkpoints/onnx_model.hpp"
#include "src/base/registry.hpp"
#include "src/models/network.hpp"

namespace varphase {

/// How images become a network's input: (pixel / 255 - mean) / deviation by channel; empty: as they
/// are.
struct InputNormalization {
  std::vector<double> mean, deviation;
};

/// The graph of a network in eval mode, float32 [images, ...]. Inputs: "images" (pixel / 255, the
/// normalization is inside), for each variance layer that samples "<layer>.noise" (standard normal,
/// of the layer's output shape), for each dropout layer "<layer>.factor" (what its input is
/// multiplied by). Outputs: "logits"; of `moments` "<layer>.output_mean" and
/// "<layer>.output_variance". `head` takes "<layer>.output" in place of images. The effective
/// weights of pruned layers are taken, dense.
/// @throws Error unsupported: a layer kind without a rule, by name; a mode that wants a variance
/// layer (or noise) of a network without.
OnnxModel onnx_graph(Network& network, OnnxMode mode, const InputNormalization& normalization);

}  // namespace varphase
