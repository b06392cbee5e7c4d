// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/split.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "src/base/error.hpp"
#include "src/data/split_mix.hpp"

namespace varphase {
namespace {

constexpr std::uint64_t kSplitKey =
    0x76616C6964617465U;  // changing it would move images between the parts of old runs

std::uint64_t rank_of(std::int64_t position) {
  return hash_word(hash_word(static_cast<std::uint64_t>(position)) ^ kSplitKey);
}

}  // namespace

SplitPositions split_positions(std::int64_t count, double share) {
  VARPHASE_CHECK(share >= 0 && share < 1, ErrorKind::usage,
                 "validation: {} is out of range, wants a share of the training images, 0 <= share "
                 "< 1",
                 share);
  // 0.29 * 100 is 28.999999999999996 in binary; nobody means 28 by it.
  const auto held_out =
      static_cast<std::int64_t>(std::floor(share * static_cast<double>(count) + 1e-6));
  VARPHASE_CHECK(share == 0 || (held_out > 0 && held_out < count), ErrorKind::usage,
                 "validation: {} of {} training images leaves {} for validation and {} for "
                 "training\n  both want at least one: choose another share or more images",
                 share, count, held_out, count - held_out);

  SplitPositions parts;
  parts.train.resize(static_cast<std::size_t>(count));
  std::iota(parts.train.begin(), parts.train.end(), 0);
  if (held_out == 0) return parts;
  // hash_word is a bijection, so no two positions tie.
  const auto middle = parts.train.end() - held_out;
  std::nth_element(parts.train.begin(), middle, parts.train.end(),
                   [](std::int64_t a, std::int64_t b) { return rank_of(a) < rank_of(b); });
  parts.validation.assign(middle, parts.train.end());
  parts.train.erase(middle, parts.train.end());
  std::sort(parts.train.begin(), parts.train.end());
  std::sort(parts.validation.begin(), parts.validation.end());
  return parts;
}

ImageSet select_images(const ImageSet& set, std::span<const std::int64_t> positions) {
  ImageSet chosen;
  chosen.channels = set.channels;
  chosen.height = set.height;
  chosen.width = set.width;
  chosen.normalization = set.normalization;
  const auto size = static_cast<std::size_t>(set.image_size());
  chosen.labels.reserve(positions.size());
  chosen.index.reserve(positions.size());
  for (const std::int64_t position : positions) {
    const auto from = static_cast<std::size_t>(position);
    VARPHASE_CHECK(from < set.labels.size(), ErrorKind::usage, "image {} of {} was asked for",
                   position, set.count());
    chosen.labels.push_back(set.labels[from]);
    chosen.index.push_back(set.index[from]);
  }
  const auto choose = [&](const auto& from, auto& to) {
    if (from.empty()) return;  // images are of the other kind
    to.resize(positions.size() * size);
    for (std::size_t i = 0; i < positions.size(); ++i)
      std::copy_n(from.data() + static_cast<std::size_t>(positions[i]) * size, size,
                  to.data() + i * size);
  };
  choose(set.pixels, chosen.pixels);
  choose(set.reals, chosen.reals);
  return chosen;
}

void limit_images(ImageSet& set, std::int64_t limit) {
  VARPHASE_CHECK(limit >= 0, ErrorKind::usage,
                 "image limit: wants 0 (all) or a number of images, got {}", limit);
  if (limit == 0 || limit >= set.count()) return;
  const auto count = static_cast<std::size_t>(limit);
  const auto shorten = [&](auto& values) {
    values.resize(std::min(values.size(), count * static_cast<std::size_t>(set.image_size())));
    values.shrink_to_fit();
  };
  shorten(set.pixels);
  shorten(set.reals);
  set.labels.resize(count);
  set.index.resize(count);
}

}  // namespace varphase
