// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/attack_grid.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "src/base/error.hpp"
#include "src/data/png_writer.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kGap = 4, kRows = 3, kWantedWidth = 96;
constexpr float kWhite = 255, kGrey = 127.5F;

std::uint8_t byte_of(float pixel) {
  return static_cast<std::uint8_t>(std::lround(std::clamp(pixel, 0.0F, kWhite)));
}

class Grid {
 public:
  Grid(std::int64_t columns, const std::vector<std::int64_t>& shape)
      : channels_(shape[0]),
        height_(shape[1]),
        width_(shape[2]),
        scale_(std::max<std::int64_t>(1, kWantedWidth / width_)),
        picture_height_(kRows * (height_ * scale_ + kGap) - kGap),
        picture_width_(columns * (width_ * scale_ + kGap) - kGap),
        picture_(static_cast<std::size_t>(picture_height_ * picture_width_ * channels_), 255) {}

  /// @param pixels [C, H, W]
  void place(std::int64_t row, std::int64_t column, std::span<const float> pixels) {
    const std::int64_t top = row * (height_ * scale_ + kGap);
    const std::int64_t left = column * (width_ * scale_ + kGap);
    for (std::int64_t y = 0; y < height_ * scale_; ++y) {
      for (std::int64_t x = 0; x < width_ * scale_; ++x) {
        for (std::int64_t c = 0; c < channels_; ++c) {
          const std::int64_t from = (c * height_ + y / scale_) * width_ + x / scale_;
          const std::int64_t to = ((top + y) * picture_width_ + left + x) * channels_ + c;
          picture_[static_cast<std::size_t>(to)] = byte_of(pixels[static_cast<std::size_t>(from)]);
        }
      }
    }
  }

  void write(const std::filesystem::path& path) const {
    write_png(path, picture_, picture_height_, picture_width_, channels_);
  }

 private:
  std::int64_t channels_, height_, width_, scale_, picture_height_, picture_width_;
  std::vector<std::uint8_t> picture_;
};

std::vector<float> difference(std::span<const float> before, std::span<const float> after) {
  float largest = 0;
  for (std::size_t i = 0; i < before.size(); ++i)
    largest = std::max(largest, std::abs(after[i] - before[i]));
  std::vector<float> shown;
  for (std::size_t i = 0; i < before.size(); ++i)
    shown.push_back(kGrey + (largest > 0 ? kGrey * (after[i] - before[i]) / largest : 0));
  return shown;
}

}  // namespace

void write_attack_grid(const std::filesystem::path& path, std::span<const float> before,
                       const AttackOutcome& outcome) {
  const std::int64_t columns = std::min(outcome.count(), kMostGridImages);
  const auto size =
      static_cast<std::size_t>(outcome.shape[0] * outcome.shape[1] * outcome.shape[2]);
  VARPHASE_CHECK(outcome.shape[0] == 1 || outcome.shape[0] == 3, ErrorKind::unsupported,
                 "--grid: a picture wants images of 1 or 3 channels, these have {}",
                 outcome.shape[0]);
  Grid grid(columns, outcome.shape);
  for (std::int64_t i = 0; i < columns; ++i) {
    const std::size_t first = static_cast<std::size_t>(i) * size;
    const std::span<const float> was = before.subspan(first, size);
    const std::span<const float> is = std::span(outcome.pixels).subspan(first, size);
    grid.place(0, i, was);
    grid.place(1, i, is);
    grid.place(2, i, difference(was, is));
  }
  grid.write(path);
}

}  // namespace varphase
