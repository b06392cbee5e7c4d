// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "src/base/json.hpp"

namespace varphase {

/// What a page draws pictures of.
struct PictureSize {
  double channels = 0, height = 0, width = 0;
};
/// That of an object of a file, where it is one of images that can be shown.
std::optional<PictureSize> picture_size(const Json& object);
/// Whether they are all of a picture's: by channel, two hexadecimal digits each.
bool are_pixels(const std::string& pixels, const PictureSize& size);

/// What the page shows of a file of `kappa --by image`, in a schema that the page's script may rely on; null where it has
/// no pictures.
///
///     {"channels", "height", "width", "pictures": {"NUMBER": PIXELS},
///      "weights": [{"layer", "epoch", "index": "283, 520", "kappa", "effective_images",
///                   "images": [{"image", "label", "name", "share"}]}]}
///
/// @param class_names  the configuration's list, or null
Json image_data(const Json& file, const Json& class_names);

}  // namespace varphase
