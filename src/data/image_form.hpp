// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "src/data/image_format.hpp"

namespace varphase {

struct ImageSet;

/// What images are made into as they are read (--convert, --resize): first the colours, then the
/// size.
struct ImageForm {
  std::int64_t channels = 0;  // 1 grey, 3 red, green, blue; 0: as they are
  std::int64_t height = 0;    // 0: as they are
  std::int64_t width = 0;

  /// Of an image of that size and colour.
  ImageHeader of(const ImageHeader& own) const;
};

/// @param convert none, grey, rgb @param resize none, "HEIGHTxWIDTH", or one number for both
/// @throws Error usage.
ImageForm image_form(const std::string& convert, const std::string& resize);

/// Brings one image to the size and colours of `to`. Grey is ITU-R 601's luma of red, green and
/// blue, (19595 R + 38470 G + 7471 B + 32768) / 65536; a grey image becomes three equal channels.
/// @throws Error shape where `own` has neither one nor three channels and `to` others.
void form_image(const std::uint8_t* from, const ImageHeader& own, const ImageHeader& to,
                std::uint8_t* out);

/// The same for all images of a set, on so many threads (0: all cores).
void form_images(ImageSet& set, const ImageForm& form, unsigned threads);

/// What a message about images of another shape ends in: the flags that make them what is wanted,
/// "\n  --convert grey --resize 28x28 brings them to that"; "" where none do.
std::string form_hint(const ImageHeader& got, const ImageHeader& wanted);

}  // namespace varphase
