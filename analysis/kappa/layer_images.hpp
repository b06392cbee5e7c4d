// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace varphase {

/// What one image adds to a weight's kappa.
struct ImageShare {
  std::int64_t image = 0;  // its number in the data's file
  std::int64_t label = 0;
  double kappa = 0;  // of this image alone, signed
  double share = 0;  // of the weight's kappa; all images' shares add up to 1
};

/// One weight's kappa and the images that contribute most to it.
struct WeightImages {
  std::int64_t weight = 0;  // flat index in the layer's weight
  double kappa = 0;         // sum over all images
  /// (sum_n |kappa_n|)^2 / sum_n kappa_n^2: the number of images over which kappa is spread. It is N where all N images
  /// add the same and 1 where a single image adds everything.
  double effective_images = 0;
  std::vector<ImageShare> images;  // those that add most, largest |kappa_n| first
};

/// The weights of largest |kappa| of one layer.
struct LayerImages {
  std::string layer;
  std::vector<std::int64_t> shape;    // of its weight
  bool has_variance = true;           // false: "kappa" is the curvature alone
  std::vector<WeightImages> weights;  // largest |kappa| first
};

}  // namespace varphase
