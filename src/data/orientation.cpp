// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/orientation.hpp"

namespace varphase {
namespace {

/// Numbers of a TIFF structure, in its own byte order; 0 beyond its end.
class TiffBytes {
 public:
  explicit TiffBytes(std::span<const std::uint8_t> bytes)
      : bytes_(bytes), little_(bytes.size() >= 2 && bytes[0] == 'I') {}
  std::uint32_t number(std::size_t at, std::size_t size) const {
    if (at > bytes_.size() || size > bytes_.size() - at) return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i)
      value = value << 8U | bytes_[at + (little_ ? size - 1 - i : i)];
    return value;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  bool little_;
};

}  // namespace

int exif_orientation(std::span<const std::uint8_t> tiff) {
  constexpr std::uint32_t kMagic = 42, kOrientation = 0x0112, kShort = 3;
  constexpr std::size_t kEntryBytes = 12;
  const TiffBytes data(tiff);
  const bool ordered = tiff.size() >= 8 && tiff[0] == tiff[1] && (tiff[0] == 'I' || tiff[0] == 'M');
  if (!ordered || data.number(2, 2) != kMagic) return 1;
  const std::size_t directory = data.number(4, 4);
  const std::uint32_t entries = data.number(directory, 2);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t at = directory + 2 + i * kEntryBytes;
    if (at >= tiff.size()) break;
    if (data.number(at, 2) != kOrientation) continue;
    const std::uint32_t value = data.number(at + 8, 2);
    const bool known = data.number(at + 2, 2) == kShort && value >= 1 && value <= 8;
    return known ? static_cast<int>(value) : 1;
  }
  return 1;
}

ImageHeader turned(const ImageHeader& stored, int orientation) {
  if (orientation < 5) return stored;
  return {stored.width, stored.height, stored.channels};
}

void turn(const std::uint8_t* from, const ImageHeader& stored, int orientation, std::uint8_t* out) {
  const ImageHeader to = turned(stored, orientation);
  const bool swapped = orientation >= 5;
  // Whether rows, columns of what is stored are read from their ends.
  const bool rows_back =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const bool columns_back =
      orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  for (std::int64_t c = 0; c < to.channels; ++c) {
    const std::uint8_t* plane = from + c * stored.height * stored.width;
    for (std::int64_t y = 0; y < to.height; ++y) {
      for (std::int64_t x = 0; x < to.width; ++x) {
        const std::int64_t row = swapped ? x : y, column = swapped ? y : x;
        *out++ = plane[(rows_back ? stored.height - 1 - row : row) * stored.width +
                       (columns_back ? stored.width - 1 - column : column)];
      }
    }
  }
}

}  // namespace varphase
