// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace varphase {

/// What of a network an ONNX graph computes. No graph draws noise: it is an input, so that a seed stays the caller's
/// and the same on every runtime.
enum class OnnxMode {
  ensemble,       // one member: images and noise to logits
  deterministic,  // weights at their means, dropout left out: images to logits
  zero_mean,      // as ensemble, the variance layers' means set to zero
  moments,        // images to mean and variance of the first variance layer's output
  head,           // from an output of that layer to the logits
};

std::vector<std::string> onnx_mode_names();
/// @throws Error usage with the known names.
OnnxMode onnx_mode_from_name(const std::string& name);
std::string onnx_mode_name(OnnxMode mode);

}  // namespace varphase
