// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "src/base/json.hpp"
#include "src/data/dataset.hpp"

namespace varphase {

/// What there is to say of a data set, for programs: "name", "source", "digest", "classes", "class_names", "notes",
/// "shape" [channels, height, width], and under "parts", by split: "images", "labels" (the number of images of each
/// class), "mean" and "std" of pixel / 255 over all pixels, and "channel_mean" and "channel_std" by channel (all four
/// are missing where the part is empty).
Json describe(const Dataset& dataset);

/// The same for people: a few lines and a table with a row a class, ending with a newline.
std::string description_text(const Dataset& dataset);

}  // namespace varphase
