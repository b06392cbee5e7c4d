// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace varphase {

/// What black and white are in images of floating-point numbers. It is stated, by an attribute `range` of an HDF5
/// dataset or by --pixel-range, and never guessed: a dark image of 0 .. 255 looks like one of 0 .. 1.
enum class PixelRange : std::uint8_t { unstated, unit, bytes };

/// "none", "0..1", "0..255". @throws Error usage naming them.
PixelRange pixel_range_from_name(const std::string& name);

/// The range that the file's attribute and the flag agree on.
/// @param attribute  of the array, or "" @param flag  what --pixel-range says @param what  file and array in messages
/// @throws Error format for an attribute that is no range; usage where both are given and differ, or none is.
PixelRange agreed_range(const std::string& attribute, PixelRange flag, const std::string& what);

/// Brings pixels to 0 .. 255 in float32. Those of 0 .. 255 keep their bits; those of 0 .. 1 become the float32 next to
/// 255 x, which for every x = float32(k / 255) is k.
/// @param image_size  pixels of an image, for messages
/// @throws Error format naming image and value: not finite, or beyond the range.
void scale_pixels(std::vector<float>& pixels, PixelRange range, std::int64_t image_size,
                  const std::string& what);

}  // namespace varphase
