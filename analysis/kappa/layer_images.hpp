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

/// The images behind one weight's kappa.
struct WeightImages {
  std::int64_t weight = 0;  // place in the layer's weight, row-major
  double kappa = 0;         // sum over all images
  /// (sum of |kappa_n|)^2 / sum of kappa_n^2: so many equal ones would be as uneven.
  double effective_images = 0;
  std::vector<ImageShare> images;  // largest |kappa_n| first
};

struct LayerImages {
  std::string layer;
  std::vector<std::int64_t> shape;    // of its weight
  bool has_variance = true;           // false: "kappa" is the curvature alone
  std::vector<WeightImages> weights;  // largest |kappa| first
};

}  // namespace varphase
