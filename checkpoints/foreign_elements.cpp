// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/foreign_elements.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/ranges.h>

#include "checkpoints/half_float.hpp"
#include "checkpoints/sealed_file.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace {

ElementType element_type(ForeignElement element) {
  switch (element) {
    case ForeignElement::float64:
      return ElementType::float64;
    case ForeignElement::int64:
      return ElementType::int64;
    case ForeignElement::int32:
      return ElementType::int32;
    case ForeignElement::uint8:
    case ForeignElement::boolean:
      return ElementType::uint8;
    case ForeignElement::float32:
    case ForeignElement::float16:
    case ForeignElement::bfloat16:
      return ElementType::float32;
  }
  return ElementType::float32;
}

}  // namespace

std::size_t foreign_element_size(ForeignElement element) {
  switch (element) {
    case ForeignElement::float64:
    case ForeignElement::int64:
      return 8;
    case ForeignElement::float32:
    case ForeignElement::int32:
      return 4;
    case ForeignElement::float16:
    case ForeignElement::bfloat16:
      return 2;
    case ForeignElement::uint8:
    case ForeignElement::boolean:
      return 1;
  }
  return 0;
}

std::uint64_t foreign_bytes(const std::vector<std::uint64_t>& shape, ForeignElement element,
                            const std::string& what) {
  std::uint64_t total = foreign_element_size(element);
  bool empty = false;
  for (const std::uint64_t extent : shape) {
    VARPHASE_CHECK(extent <= kMaxFileBytes / total, ErrorKind::format,
                   "{}: shape [{}] is more than the {} bytes that are read", what,
                   fmt::join(shape, ", "), kMaxFileBytes);
    empty = empty || extent == 0;
    if (extent > 0) total *= extent;
  }
  return empty ? 0 : total;
}

void take_foreign(std::span<const std::byte> bytes, ForeignElement element, Array& array,
                  const std::string& what) {
  array.type = element_type(element);
  const bool half = element == ForeignElement::float16 || element == ForeignElement::bfloat16;
  if (!half) {
    const bool boolean =
        element != ForeignElement::boolean ||
        std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b <= std::byte{1}; });
    VARPHASE_CHECK(boolean, ErrorKind::format, "{}: a boolean that is neither 0 nor 1", what);
    array.bytes.assign(bytes.begin(), bytes.end());
    return;
  }
  array.bytes.resize(2 * bytes.size());
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, bytes.data() + i, sizeof bits);
    const float value =
        element == ForeignElement::float16 ? float_from_half(bits) : float_from_bfloat16(bits);
    std::memcpy(array.bytes.data() + 2 * i, &value, sizeof value);
  }
}

}  // namespace varphase
