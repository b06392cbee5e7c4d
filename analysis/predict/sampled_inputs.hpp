// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>

#include "analysis/predict/kept_inputs.hpp"
#include "src/models/network.hpp"
#include "src/torch/device_images.hpp"

namespace varphase {

/// Computes the inputs of a network's layers as an ensemble sees them: one draw per image of all noise before the
/// layer, batch norm in eval mode. Without noise before a layer this is its input with all weights at their means.
/// Noise: stream reestimation, the split's images, member 0.
class SampledInputs {
 public:
  /// Network and images must outlive this. The input of layer `changing` (if not given: the first layer that draws
  /// noise) is computed once and kept where memory allows, so the layers before it must not change.
  SampledInputs(Network& network, const DeviceImages& images, std::uint64_t seed,
                std::optional<std::size_t> changing = std::nullopt)
      : network_(network),
        images_(images),
        seed_(seed),
        kept_(network, changing.value_or(network.first_noise()), images.count(),
              images.pixels.device()) {}

  /// Calls `take` with the output of layers 0 .. last - 1 (batch by batch, all images). float32, IEEE.
  void for_each_chunk(std::size_t last, const std::function<void(const at::Tensor& x)>& take);

  /// E a^2, the mean over images of the square of each weight's input, for the layer at `position`: float64 [in...].
  /// For a convolution [in, kernel, kernel]: also the mean over the output's positions, with 0 where a weight meets
  /// padding.
  at::Tensor mean_square(std::size_t position);

  const DeviceImages& images() const { return images_; }

 private:
  Network& network_;
  const DeviceImages& images_;
  std::uint64_t seed_;
  KeptInputs kept_;
};

/// Turns the mean square of each input feature into the mean square of what each weight is multiplied with: for a
/// convolution the mean over the positions of its output.
/// @param square  in the shape of the layer's input @return [in...]
at::Tensor met_by_weights(const VarianceLayer& layer, const at::Tensor& square);

}  // namespace varphase
