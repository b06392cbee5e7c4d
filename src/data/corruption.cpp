// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/corruption.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <type_traits>

#include "src/data/on_all_cores.hpp"
#include "src/noise/noise_key.hpp"
#include "src/noise/normal.hpp"

namespace varphase {
namespace {

constexpr double kWhite = 255;

/// A pixel of the kind that the images have: bytes are rounded.
template <class Pixel>
Pixel to_pixel(double value) {
  const double within = std::clamp(value, 0.0, kWhite);
  if constexpr (std::is_same_v<Pixel, float>) {
    return static_cast<float>(within);
  } else {
    return static_cast<Pixel>(std::lround(within));
  }
}

/// One image, [channels, height, width], read and written apart.
template <class Pixel>
struct Picture {
  const Pixel* in;
  Pixel* out;
  std::int64_t channels, height, width;

  std::int64_t plane() const { return height * width; }
  std::int64_t size() const { return channels * plane(); }
};

/// The random words of one image.
class Draws {
 public:
  Draws(const NoiseKey& key, std::int64_t image)
      : key_(key), image_(static_cast<std::uint32_t>(image)) {}
  PhiloxBlock four(std::int64_t quad) const {
    return noise_block(key_, image_, 0, static_cast<std::uint32_t>(quad));
  }

 private:
  NoiseKey key_;
  std::uint32_t image_;
};

template <class Pixel>
void add_gaussian_noise(const Picture<Pixel>& picture, const Draws& draws, double deviation) {
  for (std::int64_t first = 0; first < picture.size(); first += 4) {
    const std::array<float, 4> normals = four_normals(draws.four(first / 4));
    for (std::int64_t i = first; i < std::min(first + 4, picture.size()); ++i) {
      const auto normal = static_cast<double>(normals[static_cast<std::size_t>(i - first)]);
      picture.out[i] = to_pixel<Pixel>(picture.in[i] + kWhite * deviation * normal);
    }
  }
}

/// The distribution function of a pixel's photons: entry k is P(photons <= k).
std::vector<double> photon_table(double mean) {
  double probability = std::exp(-mean), sum = probability;
  std::vector<double> table{sum};
  // Far behind the mean the sum no longer grows: what is left is below a double's last digit.
  for (double photons = 1; photons <= mean || probability > sum * 1e-17; ++photons) {
    probability *= mean / photons;
    sum += probability;
    table.push_back(sum);
  }
  return table;
}

/// Draws of photons: bytes have one table for each of their 256 values, other pixels one of their own.
class Photons {
 public:
  Photons(double of_white, bool bytes) : of_white_(of_white) {
    for (int value = 0; bytes && value < 256; ++value)
      tables_.push_back(photon_table(of_white * value / kWhite));
  }
  double of_white() const { return of_white_; }
  std::int64_t draw(std::uint8_t pixel, double uniform) const {
    return place(tables_[pixel], uniform);
  }
  std::int64_t draw(float pixel, double uniform) const {
    return place(photon_table(of_white_ * static_cast<double>(pixel) / kWhite), uniform);
  }

 private:
  static std::int64_t place(const std::vector<double>& table, double uniform) {
    return std::lower_bound(table.begin(), table.end(), uniform) - table.begin();
  }

  double of_white_;
  std::vector<std::vector<double>> tables_;
};

template <class Pixel>
void draw_photons(const Picture<Pixel>& picture, const Draws& draws, const Photons& photons) {
  for (std::int64_t first = 0; first < picture.size(); first += 4) {
    const PhiloxBlock block = draws.four(first / 4);
    const std::array<std::uint32_t, 4> words{block.x0, block.x1, block.x2, block.x3};
    for (std::int64_t i = first; i < std::min(first + 4, picture.size()); ++i) {
      const double uniform = (words[static_cast<std::size_t>(i - first)] + 0.5) * 0x1p-32;
      const auto drawn = static_cast<double>(photons.draw(picture.in[i], uniform));
      picture.out[i] = to_pixel<Pixel>(kWhite * drawn / photons.of_white());
    }
  }
}

/// By the weights of a normal density at whole distances, up to four deviations; beyond the edge lies the edge's pixel.
template <class Pixel>
void blur(const Picture<Pixel>& picture, double deviation) {
  const auto radius = static_cast<std::int64_t>(std::lround(4 * deviation));
  std::vector<double> weights;
  double sum = 0;
  for (std::int64_t d = -radius; d <= radius; ++d) {
    weights.push_back(std::exp(-0.5 * static_cast<double>(d * d) / (deviation * deviation)));
    sum += weights.back();
  }
  std::vector<double> rows(static_cast<std::size_t>(picture.plane()));
  for (std::int64_t c = 0; c < picture.channels; ++c) {
    const Pixel* in = picture.in + c * picture.plane();
    const auto weighted = [&](std::int64_t place, std::int64_t end, const auto& pixel) {
      double total = 0;
      for (std::int64_t d = -radius; d <= radius; ++d)
        total += weights[static_cast<std::size_t>(d + radius)] *
                 pixel(std::clamp<std::int64_t>(place + d, 0, end - 1));
      return total / sum;
    };
    for (std::int64_t y = 0; y < picture.height; ++y)
      for (std::int64_t x = 0; x < picture.width; ++x)
        rows[static_cast<std::size_t>(y * picture.width + x)] = weighted(
            x, picture.width,
            [&](std::int64_t at) { return static_cast<double>(in[y * picture.width + at]); });
    for (std::int64_t y = 0; y < picture.height; ++y)
      for (std::int64_t x = 0; x < picture.width; ++x)
        picture.out[c * picture.plane() + y * picture.width + x] =
            to_pixel<Pixel>(weighted(y, picture.height, [&](std::int64_t at) {
              return rows[static_cast<std::size_t>(at * picture.width + x)];
            }));
  }
}

/// About the middle, bilinear; what comes from outside is black.
template <class Pixel>
void rotate(const Picture<Pixel>& picture, double degrees) {
  const double angle = degrees * std::numbers::pi / 180;
  const double cosine = std::cos(angle), sine = std::sin(angle);
  const double middle_y = 0.5 * static_cast<double>(picture.height - 1);
  const double middle_x = 0.5 * static_cast<double>(picture.width - 1);
  for (std::int64_t y = 0; y < picture.height; ++y) {
    for (std::int64_t x = 0; x < picture.width; ++x) {
      const double dy = static_cast<double>(y) - middle_y, dx = static_cast<double>(x) - middle_x;
      const double from_y = middle_y + cosine * dy - sine * dx;
      const double from_x = middle_x + sine * dy + cosine * dx;
      const auto top = static_cast<std::int64_t>(std::floor(from_y));
      const auto left = static_cast<std::int64_t>(std::floor(from_x));
      const double down = from_y - static_cast<double>(top);
      const double right = from_x - static_cast<double>(left);
      for (std::int64_t c = 0; c < picture.channels; ++c) {
        const Pixel* in = picture.in + c * picture.plane();
        const auto pixel = [&](std::int64_t row, std::int64_t column) {
          const bool inside =
              row >= 0 && row < picture.height && column >= 0 && column < picture.width;
          return inside ? static_cast<double>(in[row * picture.width + column]) : 0.0;
        };
        const double upper = (1 - right) * pixel(top, left) + right * pixel(top, left + 1);
        const double lower = (1 - right) * pixel(top + 1, left) + right * pixel(top + 1, left + 1);
        picture.out[c * picture.plane() + y * picture.width + x] =
            to_pixel<Pixel>((1 - down) * upper + down * lower);
      }
    }
  }
}

/// By whole pixels; what comes from outside is black.
template <class Pixel>
void translate(const Picture<Pixel>& picture, std::int64_t down, std::int64_t right) {
  for (std::int64_t c = 0; c < picture.channels; ++c) {
    for (std::int64_t y = 0; y < picture.height; ++y) {
      for (std::int64_t x = 0; x < picture.width; ++x) {
        const std::int64_t row = y - down, column = x - right;
        const bool inside =
            row >= 0 && row < picture.height && column >= 0 && column < picture.width;
        const std::int64_t plane = c * picture.plane();
        picture.out[plane + y * picture.width + x] =
            inside ? picture.in[plane + row * picture.width + column] : Pixel{0};
      }
    }
  }
}

/// Each channel's distances to its mean over the image, less.
template <class Pixel>
void lower_contrast(const Picture<Pixel>& picture, double left) {
  for (std::int64_t c = 0; c < picture.channels; ++c) {
    const std::int64_t first = c * picture.plane();
    double mean = 0;
    for (std::int64_t i = first; i < first + picture.plane(); ++i) mean += picture.in[i];
    mean /= static_cast<double>(picture.plane());
    for (std::int64_t i = first; i < first + picture.plane(); ++i)
      picture.out[i] = to_pixel<Pixel>(mean + left * (picture.in[i] - mean));
  }
}

/// The lightest channel of a pixel (the value of hue, saturation and value) grows, the others with it in proportion.
template <class Pixel>
void brighten(const Picture<Pixel>& picture, double added) {
  for (std::int64_t i = 0; i < picture.plane(); ++i) {
    double value = 0;
    for (std::int64_t c = 0; c < picture.channels; ++c)
      value = std::max<double>(value, picture.in[c * picture.plane() + i]);
    const double lighter = std::min(value + kWhite * added, kWhite);
    for (std::int64_t c = 0; c < picture.channels; ++c) {
      const std::int64_t at = c * picture.plane() + i;
      picture.out[at] = to_pixel<Pixel>(value > 0 ? picture.in[at] * lighter / value : lighter);
    }
  }
}

/// Of a side of `size` pixels the first one that block `block` of `blocks` covers: those whose middles lie in it.
std::int64_t first_of_block(std::int64_t block, std::int64_t blocks, std::int64_t size) {
  return (2 * block * size + blocks - 1) / (2 * blocks);
}

/// Fewer blocks than pixels, each with the mean of the pixels whose middles lie in it.
template <class Pixel>
void pixelate(const Picture<Pixel>& picture, double kept) {
  const auto blocks = [&](std::int64_t size) {
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(static_cast<double>(size) * kept));
  };
  const std::int64_t rows = blocks(picture.height), columns = blocks(picture.width);
  for (std::int64_t c = 0; c < picture.channels; ++c) {
    const std::int64_t plane = c * picture.plane();
    for (std::int64_t row = 0; row < rows; ++row) {
      const std::int64_t top = first_of_block(row, rows, picture.height);
      const std::int64_t bottom = first_of_block(row + 1, rows, picture.height);
      for (std::int64_t column = 0; column < columns; ++column) {
        const std::int64_t left = first_of_block(column, columns, picture.width);
        const std::int64_t right = first_of_block(column + 1, columns, picture.width);
        double sum = 0;
        for (std::int64_t y = top; y < bottom; ++y)
          for (std::int64_t x = left; x < right; ++x)
            sum += picture.in[plane + y * picture.width + x];
        const Pixel mean =
            to_pixel<Pixel>(sum / static_cast<double>((bottom - top) * (right - left)));
        for (std::int64_t y = top; y < bottom; ++y)
          for (std::int64_t x = left; x < right; ++x)
            picture.out[plane + y * picture.width + x] = mean;
      }
    }
  }
}

/// To one of the eight neighbours' directions.
template <class Pixel>
void translate_somewhere(const Picture<Pixel>& picture, const Draws& draws, double share) {
  constexpr std::array<std::array<int, 2>, 8> kDirections{
      {{-1, -1}, {-1, 0}, {-1, 1}, {0, -1}, {0, 1}, {1, -1}, {1, 0}, {1, 1}}};
  const auto& [down, right] = kDirections[draws.four(0).x0 % kDirections.size()];
  const auto pixels = [&](std::int64_t side) {
    return static_cast<std::int64_t>(std::lround(share * static_cast<double>(side)));
  };
  translate(picture, down * pixels(picture.height), right * pixels(picture.width));
}

/// What is done to every image of a set.
struct Change {
  Corruption corruption;
  double amount;
  NoiseKey key;
  Photons photons;
};

template <class Pixel>
void change_image(const Change& change, const Picture<Pixel>& picture, std::int64_t image) {
  const Draws draws(change.key, image);
  const double amount = change.amount;
  switch (change.corruption) {
    case Corruption::gaussian_noise:
      return add_gaussian_noise(picture, draws, amount);
    case Corruption::shot_noise:
      return draw_photons(picture, draws, change.photons);
    case Corruption::gaussian_blur:
      return blur(picture, amount);
    case Corruption::rotation:
      return rotate(picture, draws.four(0).x0 % 2 == 0 ? amount : -amount);
    case Corruption::translation:
      return translate_somewhere(picture, draws, amount);
    case Corruption::contrast:
      return lower_contrast(picture, amount);
    case Corruption::brightness:
      return brighten(picture, amount);
    case Corruption::pixelation:
      return pixelate(picture, amount);
  }
}

}  // namespace

const EnumNames<Corruption>& corruption_names() {
  static const EnumNames<Corruption> table{"corruption",
                                           {{Corruption::gaussian_noise, "gaussian-noise"},
                                            {Corruption::shot_noise, "shot-noise"},
                                            {Corruption::gaussian_blur, "gaussian-blur"},
                                            {Corruption::rotation, "rotation"},
                                            {Corruption::translation, "translation"},
                                            {Corruption::contrast, "contrast"},
                                            {Corruption::brightness, "brightness"},
                                            {Corruption::pixelation, "pixelation"}}};
  return table;
}

double corruption_amount(Corruption corruption, int strength) {
  VARPHASE_CHECK(strength >= 1 && strength <= kCorruptionStrengths, ErrorKind::usage,
                 "strength {}: wants 1 to {}", strength, kCorruptionStrengths);
  const auto amounts = [&]() -> std::array<double, kCorruptionStrengths> {
    switch (corruption) {
      case Corruption::gaussian_noise:
        return {0.04, 0.06, 0.08, 0.09, 0.10};
      case Corruption::shot_noise:
        return {500, 250, 100, 75, 50};
      case Corruption::gaussian_blur:
        return {0.4, 0.6, 0.7, 0.8, 1.0};
      case Corruption::rotation:
        return {10, 20, 30, 45, 60};
      case Corruption::translation:
        return {1 / 16., 2 / 16., 3 / 16., 4 / 16., 5 / 16.};
      case Corruption::contrast:
        return {0.75, 0.5, 0.4, 0.3, 0.15};
      case Corruption::brightness:
        return {0.05, 0.1, 0.15, 0.2, 0.3};
      case Corruption::pixelation:
        return {0.95, 0.9, 0.85, 0.75, 0.65};
    }
    return {};
  };
  return amounts()[static_cast<std::size_t>(strength - 1)];
}

ImageSet corrupted(const ImageSet& images, Corruption corruption, int strength, std::uint64_t seed,
                   unsigned threads) {
  const double amount = corruption_amount(corruption, strength);
  const bool tables = corruption == Corruption::shot_noise && !images.is_real();
  const Change change{corruption,
                      amount,
                      {seed, Stream::corruption, static_cast<std::uint16_t>(corruption), 0},
                      {amount, tables}};
  ImageSet result = images;
  result.held = {};
  const std::int64_t size = images.image_size();
  const auto change_all = [&]<class Pixel>(const std::vector<Pixel>& from, std::vector<Pixel>& to) {
    on_all_cores(static_cast<std::size_t>(images.count()), threads, [&](std::size_t i) {
      const auto place = static_cast<std::int64_t>(i) * size;
      change_image(change,
                   Picture<Pixel>{from.data() + place, to.data() + place, images.channels,
                                  images.height, images.width},
                   images.index[i]);
    });
  };
  images.is_real() ? change_all(images.reals, result.reals)
                   : change_all(images.pixels, result.pixels);
  return result;
}

}  // namespace varphase
