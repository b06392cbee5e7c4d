// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/array_images.hpp"

#include <fmt/ranges.h>

#include "src/base/error.hpp"

namespace varphase {
namespace {

bool last_axis_has_channels(const std::string& path, const ForeignArray& images) {
  if (!images.layout.empty()) {
    VARPHASE_CHECK(images.layout == "NCHW" || images.layout == "NHWC", ErrorKind::format,
                   "{}: {} has the layout '{}', wants NCHW or NHWC", path, images.name,
                   images.layout);
    return images.layout == "NHWC";
  }
  const auto may_be_channels = [](std::int64_t extent) { return extent == 1 || extent == 3; };
  const bool first = may_be_channels(images.shape[1]);
  const bool last = may_be_channels(images.shape[3]);
  VARPHASE_CHECK(first != last, ErrorKind::format,
                 "{}: {} is [{}]: {} 1 or 3 channels\n  in HDF5, an attribute `layout` of that "
                 "dataset says which axis has them, NCHW or NHWC",
                 path, images.name, fmt::join(images.shape, ", "),
                 first ? "both the second and the last axis may be" : "no axis has");
  return last;
}

/// Images [n, H, W, C] brought into the order [n, C, H, W].
template <class T>
std::vector<T> channels_first(const std::vector<T>& from, const ArrayImageLayout& layout) {
  std::vector<T> to(from.size());
  const auto channels = static_cast<std::size_t>(layout.channels);
  const auto plane = static_cast<std::size_t>(layout.height * layout.width);
  for (std::size_t image = 0; image < from.size(); image += channels * plane) {
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t i = 0; i < plane; ++i)
        to[image + c * plane + i] = from[image + i * channels + c];
    }
  }
  return to;
}

template <class T>
std::vector<T> in_order(std::vector<T> from, const ArrayImageLayout& layout) {
  return layout.channels_last ? channels_first(from, layout) : std::move(from);
}

const char* type_name(const ForeignArray& array) {
  if (array.is_bytes) return "uint8";
  return array.is_real ? "float32" : "an integer type of more bytes";
}

}  // namespace

ArrayImageLayout array_image_layout(const std::string& path, const ForeignArray& images,
                                    const std::string& help) {
  const std::vector<std::int64_t>& shape = images.shape;
  VARPHASE_CHECK((images.is_bytes || images.is_real) && (shape.size() == 3 || shape.size() == 4),
                 ErrorKind::format, "{}: {} is {} [{}], wants uint8 or float32 of rank 3 or 4{}",
                 path, images.name, type_name(images), fmt::join(shape, ", "), help);
  for (const std::int64_t extent : shape) {
    VARPHASE_CHECK(extent > 0, ErrorKind::usage, "{}: {} has no images: [{}]", path, images.name,
                   fmt::join(shape, ", "));
  }
  if (shape.size() == 4 && last_axis_has_channels(path, images))
    return {shape[0], shape[3], shape[1], shape[2], true};
  return {shape[0], shape.size() == 4 ? shape[1] : 1, shape[shape.size() - 2], shape.back(), false};
}

PixelRange array_pixel_range(const std::string& path, const ForeignArray& images, PixelRange flag) {
  const std::string what = fmt::format("{}: {}", path, images.name);
  if (images.is_real) return agreed_range(images.range, flag, what);
  VARPHASE_CHECK(flag != PixelRange::unit, ErrorKind::usage,
                 "{} holds bytes, which are 0 to 255\n  leave --pixel-range out", what);
  return PixelRange::bytes;
}

void take_array_images(const std::string& path, ForeignArray images, const ArrayImageLayout& layout,
                       PixelRange range, ImageSet& set) {
  set.channels = layout.channels;
  set.height = layout.height;
  set.width = layout.width;
  if (!layout.channels_last) set.held = std::move(images.held);
  set.pixels = in_order(std::move(images.bytes), layout);
  set.reals = in_order(std::move(images.reals), layout);
  scale_pixels(set.reals, range, set.image_size(), fmt::format("{}: {}", path, images.name));
}

}  // namespace varphase
