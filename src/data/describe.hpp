// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "src/base/json.hpp"
#include "src/data/dataset.hpp"

namespace varphase {

/// What there is to say of a data set, for machines: "name", "source", "digest", "classes",
/// "class_names", "notes", "shape" [channels, height, width] and, under "parts" by split, "images",
/// "labels" (images of each class) and the "mean" and "std" of pixel / 255 over all pixels and, as
/// "channel_mean" and "channel_std", by channel (absent where the part is empty).
Json describe(const Dataset& dataset);

/// The same for people: a few lines and a table with a row a class, ending with a newline.
std::string description_text(const Dataset& dataset);

}  // namespace varphase
