// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/robustness/epsilon.hpp"

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

#include "src/base/error.hpp"

namespace varphase {
namespace {

/// The whole text as a number.
std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::optional<double> pixels_of(std::string_view text) {
  if (text.ends_with("px")) return number(text.substr(0, text.size() - 2));
  const std::size_t slash = text.find('/');
  std::optional<double> share = number(text.substr(0, slash));
  if (share && slash != std::string_view::npos) {
    const std::optional<double> below = number(text.substr(slash + 1));
    share = below && *below > 0 ? std::optional(*share / *below) : std::nullopt;
  }
  if (share) *share *= kPixelRange;
  return share;
}

}  // namespace

double pixel_distance(const std::string& text, const std::string& flag) {
  if (text == "none") return kUnbounded;
  const std::optional<double> pixels = pixels_of(text);
  VARPHASE_CHECK(pixels, ErrorKind::usage,
                 "{} {}: wants a share of the image's range, as 8/255 or 0.03, or pixel values, as "
                 "0.5px",
                 flag, text);
  VARPHASE_CHECK(*pixels >= 0, ErrorKind::usage, "{} {}: is negative, wants a distance", flag,
                 text);
  return *pixels;
}

std::string distance_text(double pixels) {
  if (pixels == kUnbounded) return "none";
  return fmt::format("{:.6g}px ({:.4g} of the image's range)", pixels, pixels / kPixelRange);
}

}  // namespace varphase
