// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstring>

#include "checkpoints/document.hpp"

namespace varphase::test {

inline bool same_bits(const Attribute& a, const Attribute& b) {
  const auto* x = std::get_if<double>(&a);
  const auto* y = std::get_if<double>(&b);
  return x != nullptr && y != nullptr ? std::memcmp(x, y, sizeof *x) == 0 : a == b;
}

inline bool same_document(const Document& a, const Document& b) {
  bool same = a.kind == b.kind && a.attributes.size() == b.attributes.size() &&
              a.arrays.size() == b.arrays.size();
  for (std::size_t i = 0; same && i < a.attributes.size(); ++i) {
    same = a.attributes[i].first == b.attributes[i].first &&
           same_bits(a.attributes[i].second, b.attributes[i].second);
  }
  for (std::size_t i = 0; same && i < a.arrays.size(); ++i) {
    const Array& x = a.arrays[i];
    const Array& y = b.arrays[i];
    same = x.name == y.name && x.type == y.type && x.shape == y.shape && x.dims == y.dims &&
           x.unit == y.unit && x.bytes == y.bytes;
  }
  return same;
}

}  // namespace varphase::test
