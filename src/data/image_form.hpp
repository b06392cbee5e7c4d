// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "src/data/image_format.hpp"

namespace varphase {

struct ImageSet;

/// What images are made into as they are read (--convert, --resize): first the colours, then the size.
struct ImageForm {
  std::int64_t channels = 0;  // 1 grey, 3 red, green, blue; 0: as they are
  std::int64_t height = 0;    // 0: as they are
  std::int64_t width = 0;

  /// What an image of that size and colour becomes.
  ImageHeader of(const ImageHeader& own) const;
};

/// Reads the flags --convert and --resize.
/// @param convert  none, grey, rgb @param resize  none, "HEIGHTxWIDTH", or one number for both
/// @throws Error usage.
ImageForm image_form(const std::string& convert, const std::string& resize);

/// Brings one image to the size and colours of `to`. A grey image becomes three equal channels; grey of red, green and
/// blue is ITU-R 601's luma
///
///     (19595 R + 38470 G + 7471 B + 32768) / 65536
///
/// @throws Error shape where the image has another number of channels than 1 or 3 and `to` has not the same.
void form_image(const std::uint8_t* from, const ImageHeader& own, const ImageHeader& to,
                std::uint8_t* out);

/// The same for all images of a set. @param threads  0: one for each core
void form_images(ImageSet& set, const ImageForm& form, unsigned threads);

/// The end of a message about images of another shape: the flags that would bring them to the wanted one, "\n --convert
/// grey --resize 28x28 brings them to that"; "" where no flags do.
std::string form_hint(const ImageHeader& got, const ImageHeader& wanted);

}  // namespace varphase
