// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "src/base/error.hpp"

namespace varphase {

/// Element types that a file may hold; stored little-endian.
enum class ElementType : std::uint8_t { float32, float64, int64, int32, uint8 };

inline std::size_t element_size(ElementType type) {
  switch (type) {
    case ElementType::float64:
    case ElementType::int64:
      return 8;
    case ElementType::float32:
    case ElementType::int32:
      return 4;
    case ElementType::uint8:
      return 1;
  }
  return 0;
}

template <class T>
struct ElementTypeOf;
template <>
struct ElementTypeOf<float> {
  static constexpr ElementType value = ElementType::float32;
};
template <>
struct ElementTypeOf<double> {
  static constexpr ElementType value = ElementType::float64;
};
template <>
struct ElementTypeOf<std::int64_t> {
  static constexpr ElementType value = ElementType::int64;
};
template <>
struct ElementTypeOf<std::int32_t> {
  static constexpr ElementType value = ElementType::int32;
};
template <>
struct ElementTypeOf<std::uint8_t> {
  static constexpr ElementType value = ElementType::uint8;
};

/// A named n-dimensional array on the host, row-major. `name` is its path in a file, such as "parameters/dense1/mean".
struct Array {
  std::string name;
  ElementType type = ElementType::float32;
  std::vector<std::int64_t> shape;  // empty: a scalar
  std::vector<std::byte> bytes;     // element_size(type) * product of shape
  std::string dims;                 // names of the dimensions, "out,in"
  std::string unit;                 // "nats", "1", ""

  std::int64_t count() const {
    std::int64_t total = 1;
    for (const std::int64_t extent : shape) total *= extent;
    return total;
  }

  /// @throws Error shape where the element type is another.
  template <class T>
  std::span<const T> as() const {
    VARPHASE_CHECK(ElementTypeOf<T>::value == type, ErrorKind::shape,
                   "array {} holds another element type than the one asked for", name);
    VARPHASE_CHECK(bytes.size() == sizeof(T) * static_cast<std::size_t>(count()), ErrorKind::shape,
                   "array {} has {} bytes for {} entries: its values were not read", name,
                   bytes.size(), count());
    return {reinterpret_cast<const T*>(bytes.data()), static_cast<std::size_t>(count())};
  }
};

template <class T>
Array make_array(std::string name, std::vector<std::int64_t> shape, std::span<const T> values,
                 std::string dims = "", std::string unit = "") {
  Array array{std::move(name), ElementTypeOf<T>::value, std::move(shape), {},
              std::move(dims), std::move(unit)};
  VARPHASE_CHECK(static_cast<std::size_t>(array.count()) == values.size(), ErrorKind::shape,
                 "array {}: {} values for a shape of {} entries", array.name, values.size(),
                 array.count());
  array.bytes.resize(values.size_bytes());
  if (!values.empty()) std::memcpy(array.bytes.data(), values.data(), values.size_bytes());
  return array;
}

}  // namespace varphase
