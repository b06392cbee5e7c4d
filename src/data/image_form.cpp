// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/image_form.hpp"

#include <charconv>
#include <cstring>
#include <vector>

#include "src/base/enum_names.hpp"
#include "src/base/error.hpp"
#include "src/data/dataset.hpp"
#include "src/data/on_all_cores.hpp"
#include "src/data/resize.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kLargestSide = 1 << 14;

/// "28x32" or "28". @return false where it is neither.
bool parse_size(const std::string& text, std::int64_t& height, std::int64_t& width) {
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, height);
  width = height;
  if (first.ec != std::errc()) return false;
  if (first.ptr != end) {
    if (*first.ptr != 'x') return false;
    const auto second = std::from_chars(first.ptr + 1, end, width);
    if (second.ec != std::errc() || second.ptr != end) return false;
  }
  const auto fits = [](std::int64_t side) { return side >= 1 && side <= kLargestSide; };
  return fits(height) && fits(width);
}

void convert_colours(const std::uint8_t* from, const ImageHeader& own, std::int64_t channels,
                     std::uint8_t* out) {
  const auto plane = static_cast<std::size_t>(own.height * own.width);
  if (own.channels == channels) {
    std::memcpy(out, from, own.bytes());
  } else if (own.channels == 1) {
    for (std::int64_t c = 0; c < channels; ++c)
      std::memcpy(out + static_cast<std::size_t>(c) * plane, from, plane);
  } else {
    VARPHASE_CHECK(own.channels == 3 && channels == 1, ErrorKind::shape,
                   "images of {} channels are not converted to {}", own.channels, channels);
    for (std::size_t i = 0; i < plane; ++i) {
      const std::uint32_t luma =
          19595U * from[i] + 38470U * from[plane + i] + 7471U * from[2 * plane + i] + 32768U;
      out[i] = static_cast<std::uint8_t>(luma >> 16U);
    }
  }
}

}  // namespace

ImageHeader ImageForm::of(const ImageHeader& own) const {
  return {height > 0 ? height : own.height, width > 0 ? width : own.width,
          channels > 0 ? channels : own.channels};
}

ImageForm image_form(const std::string& convert, const std::string& resize) {
  ImageForm form;
  static const EnumNames<std::int64_t> channels{"conversion",
                                                {{0, "none"}, {1, "grey"}, {3, "rgb"}}};
  form.channels = channels.value(convert);
  if (resize == "none") return form;
  VARPHASE_CHECK(parse_size(resize, form.height, form.width), ErrorKind::usage,
                 "--resize {}: wants none, HEIGHTxWIDTH (28x28) or one number for both, 1 to {}",
                 resize, kLargestSide);
  return form;
}

void form_image(const std::uint8_t* from, const ImageHeader& own, const ImageHeader& to,
                std::uint8_t* out) {
  if (own.height == to.height && own.width == to.width) {
    convert_colours(from, own, to.channels, out);
    return;
  }
  std::vector<std::uint8_t> coloured;
  if (own.channels != to.channels) {
    coloured.resize(static_cast<std::size_t>(own.height * own.width * to.channels));
    convert_colours(from, own, to.channels, coloured.data());
    from = coloured.data();
  }
  for (std::int64_t c = 0; c < to.channels; ++c)
    resize_plane({from + c * own.height * own.width, own.height, own.width},
                 out + c * to.height * to.width, to.height, to.width);
}

void form_images(ImageSet& set, const ImageForm& form, unsigned threads) {
  const ImageHeader own{set.height, set.width, set.channels};
  const ImageHeader to = form.of(own);
  if (own == to) return;
  VARPHASE_CHECK(!set.is_real(), ErrorKind::unsupported,
                 "images in float32 are neither converted nor resized: they are {} x {} x {} "
                 "(channels, height, width), wanted are {} x {} x {}\n  bring them to that form in "
                 "their file",
                 own.channels, own.height, own.width, to.channels, to.height, to.width);
  std::vector<std::uint8_t> pixels(set.labels.size() * to.bytes());
  on_all_cores(set.labels.size(), threads, [&](std::size_t i) {
    form_image(set.pixels.data() + i * own.bytes(), own, to, pixels.data() + i * to.bytes());
  });
  set.pixels = std::move(pixels);
  set.held = {};
  set.channels = to.channels;
  set.height = to.height;
  set.width = to.width;
}

std::string form_hint(const ImageHeader& got, const ImageHeader& wanted) {
  const auto known = [](std::int64_t channels) { return channels == 1 || channels == 3; };
  if (got == wanted) return "";
  std::string flags;
  if (got.channels != wanted.channels) {
    if (!known(got.channels) || !known(wanted.channels)) return "";
    flags += wanted.channels == 1 ? " --convert grey" : " --convert rgb";
  }
  if (got.height != wanted.height || got.width != wanted.width)
    flags += fmt::format(" --resize {}x{}", wanted.height, wanted.width);
  return fmt::format("\n {} brings them to that", flags);
}

}  // namespace varphase
