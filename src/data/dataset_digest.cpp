// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/dataset_digest.hpp"

#include <cstdint>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "src/base/sha256.hpp"

namespace varphase {

std::string dataset_digest(const Dataset& dataset) {
  Sha256 sum;
  for (const ImageSet* set : {&dataset.train, &dataset.test, &dataset.validation}) {
    if (set == &dataset.validation && set->count() == 0) break;
    sum.add(fmt::format("{} {} {} {}\n", set->count(), set->channels, set->height, set->width));
    sum.add(std::as_bytes(std::span(set->pixels)));
    sum.add(std::as_bytes(std::span(set->reals)));
    std::vector<std::uint8_t> labels;
    labels.reserve(set->labels.size() * 8);
    for (const std::int64_t label : set->labels) {
      for (int shift = 0; shift < 64; shift += 8) {
        labels.push_back(static_cast<std::uint8_t>(label >> shift));
      }
    }
    sum.add(std::as_bytes(std::span(labels)));
  }
  return sum.hex();
}

}  // namespace varphase
