// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>

#include "src/data/image_format.hpp"

namespace varphase {

/// The orientation, 1 to 8, in EXIF data that begin with their TIFF header (tag 0x0112 of the first directory); 1 where
/// there is none that is known.
int exif_orientation(std::span<const std::uint8_t> tiff);

/// The size of an image after turning: orientations 5 to 8 swap height and width.
ImageHeader turned(const ImageHeader& stored, int orientation);

/// Turns an image the way it is to be seen.
/// @param from  [channels, height, width] of `stored` @param out  likewise of turned(stored, orientation)
void turn(const std::uint8_t* from, const ImageHeader& stored, int orientation, std::uint8_t* out);

}  // namespace varphase
