// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/pixel_range.hpp"

#include <cstddef>

#include "src/base/enum_names.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace {

const EnumNames<PixelRange>& pixel_ranges() {
  static const EnumNames<PixelRange> table{
      "pixel range",
      {{PixelRange::unstated, "none"}, {PixelRange::unit, "0..1"}, {PixelRange::bytes, "0..255"}}};
  return table;
}

}  // namespace

PixelRange pixel_range_from_name(const std::string& name) { return pixel_ranges().value(name); }

PixelRange agreed_range(const std::string& attribute, PixelRange flag, const std::string& what) {
  if (attribute.empty()) {
    VARPHASE_CHECK(flag != PixelRange::unstated, ErrorKind::usage,
                   "{} holds float32, and nothing says what white is\n  state it: --pixel-range "
                   "0..1 or 0..255 (of --data beside a run: --data-pixel-range), or in HDF5 the "
                   "dataset's attribute `range`",
                   what);
    return flag;
  }
  VARPHASE_CHECK(attribute == "0..1" || attribute == "0..255", ErrorKind::format,
                 "{} has the range '{}', wants 0..1 or 0..255", what, attribute);
  const PixelRange stated = pixel_range_from_name(attribute);
  VARPHASE_CHECK(flag == PixelRange::unstated || flag == stated, ErrorKind::usage,
                 "{} has the range {} by its attribute, the flag says {}\n  leave the flag out",
                 what, attribute, pixel_ranges().name(flag));
  return stated;
}

void scale_pixels(std::vector<float>& pixels, PixelRange range, std::int64_t image_size,
                  const std::string& what) {
  const float most = range == PixelRange::unit ? 1.0F : 255.0F;
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    float& pixel = pixels[i];
    // What is no number is not within, either.
    VARPHASE_CHECK(pixel >= 0 && pixel <= most, ErrorKind::format,
                   "{}: image {} has a pixel of {}, wants 0 to {}{}", what,
                   static_cast<std::int64_t>(i) / image_size, pixel, most,
                   most == 1 ? "\n  images of 0 to 255 want the range 0..255" : "");
    if (range == PixelRange::unit) pixel = static_cast<float>(255 * static_cast<double>(pixel));
  }
}

}  // namespace varphase
