// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/synthetic_digits.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "src/data/split_mix.hpp"

namespace varphase {
namespace {

constexpr int kSide = 28;
constexpr int kClasses = 10;
using Canvas = std::array<double, kSide * kSide>;  // ink, 0..1

struct Point {
  double x;  // to the right
  double y;  // down
};

enum class Kind { straight, curve, loop };

/// The pen's way through these points, in a box from (0, 0) to (1, 1).
struct Stroke {
  Kind kind;
  std::vector<Point> points;
};
using Glyph = std::vector<Stroke>;

/// Each digit in the ways people write it.
const std::array<std::vector<Glyph>, kClasses> kGlyphs{{
    {{{Kind::loop,
       {{.5, 0}, {.83, .17}, {.95, .5}, {.83, .83}, {.5, 1}, {.17, .83}, {.05, .5}, {.17, .17}}}},
     {{Kind::curve,
       {{.6, .04},
        {.3, .06},
        {.08, .42},
        {.22, .9},
        {.6, .98},
        {.92, .62},
        {.84, .2},
        {.5, .02},
        {.34, .1}}}}},
    {{{Kind::straight, {{.5, 0}, {.5, 1}}}},
     {{Kind::straight, {{.22, .24}, {.55, 0}, {.55, 1}}}},
     {{Kind::straight, {{.25, .22}, {.52, 0}, {.52, 1}}}, {Kind::straight, {{.22, 1}, {.82, 1}}}}},
    {{{Kind::curve, {{.1, .24}, {.28, .04}, {.6, 0}, {.85, .2}, {.76, .46}, {.42, .75}, {.08, 1}}},
      {Kind::straight, {{.08, 1}, {.95, 1}}}},
     {{Kind::curve,
       {{.12, .2},
        {.45, 0},
        {.82, .16},
        {.72, .5},
        {.3, .88},
        {.12, .92},
        {.14, .76},
        {.36, .82},
        {.66, .98},
        {.96, .9}}}}},
    {{{Kind::curve, {{.12, .12}, {.45, 0}, {.82, .17}, {.7, .42}, {.38, .48}}},
      {Kind::curve, {{.38, .48}, {.8, .58}, {.88, .82}, {.5, 1}, {.08, .86}}}},
     {{Kind::straight, {{.1, 0}, {.82, 0}, {.42, .4}}},
      {Kind::curve, {{.42, .4}, {.82, .52}, {.86, .82}, {.48, 1}, {.08, .88}}}}},
    {{{Kind::straight, {{.66, 0}, {.06, .66}, {.96, .66}}},
      {Kind::straight, {{.68, .02}, {.68, 1}}}},
     {{Kind::straight, {{.24, .02}, {.1, .54}, {.86, .54}}},
      {Kind::straight, {{.74, .06}, {.68, 1}}}}},
    {{{Kind::straight, {{.86, 0}, {.24, 0}, {.16, .44}}},
      {Kind::curve, {{.16, .44}, {.52, .36}, {.88, .56}, {.84, .86}, {.46, 1}, {.08, .88}}}}},
    {{{Kind::curve,
       {{.78, .02},
        {.4, .16},
        {.13, .5},
        {.13, .82},
        {.46, 1},
        {.82, .86},
        {.82, .6},
        {.5, .46},
        {.15, .66}}}}},
    {{{Kind::straight, {{.06, 0}, {.92, 0}, {.4, 1}}}},
     {{Kind::straight, {{.06, .02}, {.92, 0}, {.42, 1}}}, {Kind::straight, {{.26, .5}, {.86, .5}}}},
     {{Kind::curve, {{.06, .14}, {.16, .02}, {.5, .06}, {.9, 0}, {.6, .46}, {.46, 1}}}}},
    {{{Kind::loop, {{.5, 0}, {.8, .12}, {.8, .35}, {.5, .47}, {.2, .35}, {.2, .12}}},
      {Kind::loop, {{.5, .47}, {.86, .62}, {.86, .87}, {.5, 1}, {.14, .87}, {.14, .62}}}},
     {{Kind::loop,
       {{.78, .1},
        {.44, .01},
        {.2, .2},
        {.5, .48},
        {.84, .76},
        {.54, 1},
        {.16, .84},
        {.44, .54},
        {.78, .3}}}}},
    {{{Kind::loop, {{.85, .28}, {.62, .02}, {.24, .08}, {.14, .34}, {.4, .52}, {.72, .46}}},
      {Kind::curve, {{.86, .24}, {.86, .58}, {.66, 1}}}},
     {{Kind::loop, {{.82, .26}, {.56, 0}, {.2, .14}, {.2, .42}, {.54, .5}}},
      {Kind::curve, {{.84, .04}, {.82, .6}, {.8, 1}}}}},
}};

/// The random numbers of one image, in the order in which they are asked for.
class Draws {
 public:
  Draws(Split split, std::int64_t image)
      : key_(hash_word(hash_word(static_cast<std::uint64_t>(split) + 0x6469676974U) +
                       static_cast<std::uint64_t>(image))) {}

  double uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(hash_word(key_ + ++count_) >> 11U) * 0x1p-53;
  }
  /// Bell-shaped with standard deviation 1: four uniforms, no logarithm.
  double bell() {
    double sum = 0;
    for (int i = 0; i < 4; ++i) sum += uniform(-0.5, 0.5);
    return sum * 1.7320508075688772;
  }
  std::size_t below(std::size_t count) {
    return static_cast<std::size_t>(uniform(0, static_cast<double>(count)));
  }
  std::uint64_t word() { return hash_word(key_ + ++count_); }

 private:
  std::uint64_t key_;
  std::uint64_t count_ = 0;
};

/// The way through four neighbouring points between the middle two (Catmull-Rom).
Point along(Point before, Point from, Point to, Point after, double t) {
  const auto mix = [t](double a, double b, double c, double d) {
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
  };
  return {mix(before.x, from.x, to.x, after.x), mix(before.y, from.y, to.y, after.y)};
}

std::vector<Point> flatten(const Stroke& stroke) {
  if (stroke.kind == Kind::straight) return stroke.points;
  constexpr int kPieces = 4;
  const std::vector<Point>& points = stroke.points;
  const auto count = static_cast<int>(points.size());
  const bool closed = stroke.kind == Kind::loop;
  const auto at = [&](int i) {
    return points[static_cast<std::size_t>(closed ? (i + count) % count
                                                  : std::clamp(i, 0, count - 1))];
  };
  std::vector<Point> line{points.front()};
  for (int i = 0; i < (closed ? count : count - 1); ++i) {
    for (int piece = 1; piece <= kPieces; ++piece) {
      line.push_back(along(at(i - 1), at(i), at(i + 1), at(i + 2), piece / double{kPieces}));
    }
  }
  return line;
}

/// From the box of the glyph to pixels.
struct Affine {
  double xx, xy, x0;
  double yx, yy, y0;

  Point operator()(Point p) const { return {xx * p.x + xy * p.y + x0, yx * p.x + yy * p.y + y0}; }
};

Affine draw_affine(Draws& draws) {
  const double width = draws.uniform(9, 17);
  const double height = draws.uniform(15, 22);
  const double slant = draws.uniform(-0.12, 0.38);
  // The rational form of cosine and sine: the same on every machine.
  const double tangent = 0.075 * draws.bell();  // of half the angle; its spread is 8.6 degrees
  const double cosine = (1 - tangent * tangent) / (1 + tangent * tangent);
  const double sine = 2 * tangent / (1 + tangent * tangent);
  // Scale, then slant, then turn.
  Affine map{cosine * width, (-cosine * slant - sine) * height, 0,
             sine * width,   (-sine * slant + cosine) * height, 0};
  const Point middle = map({0.5, 0.5});
  map.x0 = kSide * 0.5 + 1.1 * draws.bell() - middle.x;
  map.y0 = kSide * 0.5 + 1.1 * draws.bell() - middle.y;
  return map;
}

/// Inks all pixels nearer to the segment than half the thickness, the edge over one pixel.
void ink_segment(Canvas& canvas, Point a, Point b, double thickness, double strength) {
  const double reach = 0.5 * thickness + 0.5;
  const auto first = [&](double low) {
    return std::clamp(static_cast<int>(std::floor(low - reach)), 0, kSide);
  };
  const auto last = [&](double high) {
    return std::clamp(static_cast<int>(std::ceil(high + reach)), 0, kSide);
  };
  const double dx = b.x - a.x;
  const double dy = b.y - a.y;
  const double inverse = 1 / std::max(dx * dx + dy * dy, 1e-12);
  for (int row = first(std::min(a.y, b.y)); row < last(std::max(a.y, b.y)); ++row) {
    for (int column = first(std::min(a.x, b.x)); column < last(std::max(a.x, b.x)); ++column) {
      const double px = column + 0.5 - a.x;
      const double py = row + 0.5 - a.y;
      const double share = std::clamp((px * dx + py * dy) * inverse, 0.0, 1.0);
      const double ex = px - share * dx;
      const double ey = py - share * dy;
      const double ink = strength * std::clamp(reach - std::sqrt(ex * ex + ey * ey), 0.0, 1.0);
      double& pixel =
          canvas[static_cast<std::size_t>(row) * kSide + static_cast<std::size_t>(column)];
      pixel = std::max(pixel, ink);
    }
  }
}

void ink_line(Canvas& canvas, const std::vector<Point>& line, const Affine& map, double thickness,
              double strength) {
  for (std::size_t i = 1; i < line.size(); ++i) {
    ink_segment(canvas, map(line[i - 1]), map(line[i]), thickness, strength);
  }
}

void draw_digit(std::span<std::uint8_t> pixels, int digit, Draws draws) {
  Canvas canvas{};
  const auto& ways = kGlyphs[static_cast<std::size_t>(digit)];
  Glyph glyph = ways[draws.below(ways.size())];
  const Affine map = draw_affine(draws);
  const double thickness = draws.uniform(1.2, 3.4);
  const double strength = draws.uniform(0.7, 1);
  const double wobble = draws.uniform(0.015, 0.06);
  for (Stroke& stroke : glyph) {
    for (Point& point : stroke.points) {
      point.x += wobble * draws.bell();
      point.y += wobble * draws.bell();
    }
    ink_line(canvas, flatten(stroke), map, thickness, strength);
  }
  // A stray mark on some, so that no single pixel decides.
  if (draws.below(4) == 0) {
    const Point from{draws.uniform(1, kSide - 1), draws.uniform(1, kSide - 1)};
    const Point to{from.x + draws.uniform(-6, 6), from.y + draws.uniform(-6, 6)};
    ink_segment(canvas, from, to, 1.2, 0.8 * strength);
  }

  const double grain =
      draws.uniform(2, 24);                // standard deviation of the pixel noise, in grey levels
  constexpr double kSumDeviation = 147.8;  // of the sum of four bytes
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    bits = i % 2 == 0 ? draws.word() : bits >> 32U;  // four bytes a pixel
    const auto sum = static_cast<double>((bits & 255U) + (bits >> 8U & 255U) +
                                         (bits >> 16U & 255U) + (bits >> 24U & 255U));
    const double grey = 255 * canvas[i] + grain * (sum - 510) / kSumDeviation;
    pixels[i] = static_cast<std::uint8_t>(std::clamp(grey + 0.5, 0.0, 255.0));
  }
}

}  // namespace

ImageSet draw_synthetic_digits(Split split, std::int64_t count) {
  ImageSet set;
  set.channels = 1;
  set.height = kSide;
  set.width = kSide;
  set.pixels.resize(static_cast<std::size_t>(count * set.image_size()));
  for (std::int64_t i = 0; i < count; ++i) {
    const auto digit = static_cast<int>(i % kClasses);
    draw_digit(
        std::span(set.pixels).subspan(static_cast<std::size_t>(i) * kSide * kSide, kSide * kSide),
        digit, Draws(split, i));
    set.labels.push_back(digit);
    set.index.push_back(i);
  }
  return set;
}

}  // namespace varphase
