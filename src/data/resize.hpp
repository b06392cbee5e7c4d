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

/// A plane at another size, by the triangle filter (bilinear) over as many pixels as one of the
/// result covers (antialiased): rows first, then columns, each rounded to bytes, by weights of 22
/// fractional bits. These are the bits of resize(..., BILINEAR) of
/// Pillow up to 12; 13 takes columns first where that is less work, and rounds otherwise there.
void resize_plane(const Plane& from, std::uint8_t* out, std::int64_t height, std::int64_t width);

}  // namespace varphase
