// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/data/image_format.hpp"

namespace varphase {

inline constexpr bool kHasPng = VARPHASE_PNG != 0;

/// PNG by libspng: grey, palette or RGB, interlaced or not, up to 8 bits a channel. Transparency is left out and gamma
/// is not applied, as image folders are read elsewhere. Orientation is that of the chunk eXIf.
/// @throws Error unsupported where this build has no libspng.
std::unique_ptr<ImageDecoder> open_png(std::span<const std::uint8_t> bytes,
                                       const ReadLimits& limits);

}  // namespace varphase
