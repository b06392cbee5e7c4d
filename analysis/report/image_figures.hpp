// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/base/json.hpp"

namespace varphase {

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
