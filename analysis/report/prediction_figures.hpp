// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "src/base/json.hpp"

namespace varphase {

/// What the page shows of an evaluation's predictions of single images, in a schema that the page's script may rely on:
/// one for every network that has some whose images can be drawn.
///
///     [{"title", "channels", "height", "width",
///       "images": [{"image", "chosen": "right" | "wrong" | "unsure", "label": the name of its class, "entropy", "pixels",
///                   "classes": [{"name", "is_label", "probability", "members": [..]}]}]}]
///
/// Classes come by falling probability; numbers are numbers or null.
Json prediction_data(const std::string& file, const Json& evaluation);

}  // namespace varphase
