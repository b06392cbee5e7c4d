// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <limits>
#include <string>

namespace varphase {

/// Pixels of images lie in 0 .. 255; a network is given a 255th of them.
inline constexpr double kPixelRange = 255;
inline constexpr double kUnbounded = std::numeric_limits<double>::infinity();

/// A distance as users write it, in units of pixels 0 .. 255: "8/255" and "0.03" are shares of the image's range,
/// "0.5px" is half a pixel value, "none" is no bound but the image's range.
/// @param flag  named in messages
/// @throws Error usage for what is no number, negative, or (but for "none") not finite.
double pixel_distance(const std::string& text, const std::string& flag);

/// "8px (0.03137 of the image's range)", "none".
std::string distance_text(double pixels);

}  // namespace varphase
