// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "analysis/kappa/compute_kappa.hpp"
#include "analysis/kappa/layer_images.hpp"

namespace varphase {

/// How many weights of each layer, and how many images of each weight.
struct ImageShareRequest {
  std::int64_t weights = 10;
  std::int64_t images = 20;
};

/// Finds in each layer of a map the weights of largest |kappa|, and for each of these the images that add most to it.
/// Layers with a closed form are computed for many images at once, all others image by image.
/// @param map  what compute_kappa gave for the same network, images and request
/// @param advanced  is told numbers of images as they are done: KappaPlan::passes() times all images in the end. What
///   it throws ends the work.
/// @throws Error usage for method estimate, whose values for a single image are noise.
std::vector<LayerImages> largest_by_image(Network& network, const DeviceImages& images,
                                          const KappaRequest& request, const KappaMap& map,
                                          const ImageShareRequest& wanted,
                                          const std::function<void(std::int64_t images)>& advanced);

}  // namespace varphase
