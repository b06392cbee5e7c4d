// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>

#include "analysis/predict/kept_inputs.hpp"
#include "src/models/network.hpp"
#include "src/torch/device_images.hpp"

namespace varphase {

/// What the layers of a network are given as an ensemble sees it: one draw an image of all noise
/// before them, batch norm in eval mode; without noise before a layer, the same as at the means.
/// Noise: stream reestimation, the split's images, member 0.
class SampledInputs {
 public:
  /// Both must outlive it. What comes before layer `changing` (the first that draws noise, if not
  /// given) is computed once and kept where it fits: the layers before it must not change.
  SampledInputs(Network& network, const DeviceImages& images, std::uint64_t seed,
                std::optional<std::size_t> changing = std::nullopt)
      : network_(network),
        images_(images),
        seed_(seed),
        kept_(network, changing.value_or(network.first_noise()), images.count(),
              images.pixels.device()) {}

  /// Gives the output of layers 0 .. last - 1 for all images, chunk by chunk. float32, IEEE.
  void for_each_chunk(std::size_t last, const std::function<void(const at::Tensor& x)>& take);

  /// E a^2 over the images of each weight's input: [in...] of layer `position`'s weight, float64;
  /// of a convolution unfolded, the mean over positions, its padding counted as 0.
  at::Tensor mean_square(std::size_t position);

  const DeviceImages& images() const { return images_; }

 private:
  Network& network_;
  const DeviceImages& images_;
  std::uint64_t seed_;
  KeptInputs kept_;
};

/// Distributes a mean over images of a layer's squared input over its weights' places: for each
/// weight the mean over output positions of what it meets there.
/// @param square [features of the input, in its shape]; @return [in...]
at::Tensor met_by_weights(const VarianceLayer& layer, const at::Tensor& square);

}  // namespace varphase
