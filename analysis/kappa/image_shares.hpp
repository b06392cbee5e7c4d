// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "analysis/kappa/compute_kappa.hpp"

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

/// How many weights of each layer, and how many images of each weight.
struct ImageShareRequest {
  std::int64_t weights = 10;
  std::int64_t images = 20;
};

/// For each layer of a map the weights of largest |kappa| and the images that add most to them:
/// a closed form at once for many images, other layers image by image.
/// @param map compute_kappa of the same network, images and request
/// @param advanced is told images, KappaPlan::passes() times as many as there are; what it throws
/// ends the work. @throws Error usage for an estimate, whose single images are noise.
std::vector<LayerImages> largest_by_image(Network& network, const DeviceImages& images,
                                          const KappaRequest& request, const KappaMap& map,
                                          const ImageShareRequest& wanted,
                                          const std::function<void(std::int64_t images)>& advanced);

}  // namespace varphase
