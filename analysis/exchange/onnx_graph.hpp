// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "checkpoints/onnx_model.hpp"
#include "src/base/registry.hpp"
#include "src/models/network.hpp"

namespace varphase {

/// What of a network an ONNX graph computes. No graph draws noise: it is an input, so that a seed
/// stays the caller's and the same on every runtime.
enum class OnnxForm {
  ensemble,       // one member: images and noise to logits
  deterministic,  // weights at their means, dropout left out: images to logits
  zero_mean,      // as ensemble, the variance layers' means set to zero
  moments,        // images to mean and variance of the first variance layer's output
  head,           // from an output of that layer to the logits
};

std::vector<std::string> onnx_form_names();
/// @throws Error usage with the known names.
OnnxForm onnx_form_from_name(const std::string& name);
std::string onnx_form_name(OnnxForm form);

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
/// @throws Error unsupported: a layer kind without a rule, by name; a form that wants a variance
/// layer (or noise) of a network without.
OnnxModel onnx_graph(Network& network, OnnxForm form, const InputNormalization& normalization);

}  // namespace varphase
