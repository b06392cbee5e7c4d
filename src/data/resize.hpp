// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace varphase {

/// One channel of an image, row-major.
struct Plane {
  const std::uint8_t* pixels;
  std::int64_t height;
  std::int64_t width;
};

/// Brings a plane to another size by the triangle filter (bilinear), over as many pixels as one pixel of the result
/// covers (antialiased). Rows come first, then columns, each rounded to bytes, with weights of 22 fractional bits. The
/// result has the bits of Pillow's resize(..., BILINEAR) up to Pillow 12; Pillow 13 takes columns first where that is
/// less work, and rounds differently there.
void resize_plane(const Plane& from, std::uint8_t* out, std::int64_t height, std::int64_t width);

}  // namespace varphase
