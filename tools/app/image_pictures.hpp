// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "analysis/kappa/layer_images.hpp"
#include "src/base/json.hpp"
#include "src/torch/device_images.hpp"

namespace varphase {

/// Whether a page shows such images at all: not of more than 12,288 numbers, which nobody looks at in a table.
bool are_shown(const DeviceImages& images);
/// An image's pixels, two hexadecimal digits each, by channel. @param place  its row of the set
std::string picture_pixels(const DeviceImages& images, std::int64_t place);

/// The images that add most to the largest weights, to be shown: at most five of each of five weights a layer.
///
///     {"channels", "height", "width", "images": [{"image", "pixels"}]}, pixels: two hexadecimal digits each, by channel
///
/// null where images are too large to be shown.
Json pictures_json(const DeviceImages& images, const std::vector<LayerImages>& layers);

}  // namespace varphase
