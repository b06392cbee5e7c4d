// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "analysis/kappa/layer_images.hpp"
#include "src/base/json.hpp"
#include "src/torch/device_images.hpp"

namespace varphase {

/// The images that add most to the largest weights, to be shown: at most five of each of five weights a layer.
///
///     {"channels", "height", "width", "images": [{"image", "pixels"}]}, pixels: two hexadecimal digits each, by channel
///
/// null where an image has more than 12,288 numbers, which nobody looks at in a table.
Json pictures_json(const DeviceImages& images, const std::vector<LayerImages>& layers);

}  // namespace varphase
