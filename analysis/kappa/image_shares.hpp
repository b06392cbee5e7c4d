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
