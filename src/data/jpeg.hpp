// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/data/image_format.hpp"

namespace varphase {

inline constexpr bool kHasJpeg = VARPHASE_JPEG != 0;

/// JPEG by libjpeg: baseline and progressive, grey, YCbCr or RGB; 8 bits a channel. What libjpeg warns of and the
/// pixels do not depend on (an unknown JFIF revision, bytes between the pixels' data and the next marker) is no damage;
/// what makes it invent pixels is.
/// @throws Error unsupported where this build has no libjpeg.
std::unique_ptr<ImageDecoder> open_jpeg(std::span<const std::uint8_t> bytes,
                                        const ReadLimits& limits);

}  // namespace varphase
