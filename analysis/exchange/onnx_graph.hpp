// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "analysis/exchange/onnx_mode.hpp"
#include "checkpoints/onnx_model.hpp"
#include "src/base/registry.hpp"
#include "src/models/network.hpp"

namespace varphase {

/// How images become a network's input: (pixel / 255 - mean) / deviation, by channel; empty: pixel / 255.
struct InputNormalization {
  std::vector<double> mean, deviation;
};

/// The graph of a network in eval mode, float32, its first extent the number of images.
///
/// Inputs: "images" (pixel / 255; the graph normalizes them); "<layer>.noise" for each variance layer that samples
/// (standard normal numbers in the shape of its output); "<layer>.factor" for each dropout layer (what its input is
/// multiplied by). Output: "logits". Mode `moments` has the outputs "<layer>.output_mean" and
/// "<layer>.output_variance"; mode `head` has the input "<layer>.output" in place of images. Pruned layers enter with
/// their effective weights, dense.
/// @throws Error unsupported, naming the kind, for a layer that has no row in the table of ONNX operators, and for a
///   mode that wants a variance layer or noise of a network without.
OnnxModel onnx_graph(Network& network, OnnxMode mode, const InputNormalization& normalization);

}  // namespace varphase
