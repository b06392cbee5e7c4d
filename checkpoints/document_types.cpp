// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/document_types.hpp"

#include <array>
#include <cstring>

#include "checkpoints/document_bytes.hpp"

namespace varphase {
namespace {

// How HDF5 writes the element types that we write, behind the byte of class and version.
struct StoredForm {
  ElementType type;
  std::uint8_t kind;  // HDF5's class of types
  std::array<std::uint8_t, 3> bits;
  std::uint32_t size;
  std::vector<std::uint8_t> properties;
};

const std::array<StoredForm, 5>& stored_forms() {
  static const std::array<StoredForm, 5> types{
      {{ElementType::float32, 1, {0x20, 31, 0}, 4, {0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0}},
       {ElementType::float64, 1, {0x20, 63, 0}, 8, {0, 0, 64, 0, 52, 11, 0, 52, 0xff, 3, 0, 0}},
       {ElementType::int64, 0, {0x08, 0, 0}, 8, {0, 0, 64, 0}},
       {ElementType::int32, 0, {0x08, 0, 0}, 4, {0, 0, 32, 0}},
       {ElementType::uint8, 0, {0x00, 0, 0}, 1, {0, 0, 8, 0}}}};
  return types;
}

}  // namespace

FoundType type_of(std::span<const std::byte> message, const Hdf5Place& place) {
  Cursor cursor(message, place);
  const unsigned kind_and_version = cursor.byte();
  const unsigned kind = kind_and_version & 0x0fU, version = kind_and_version >> 4U;
  std::array<std::uint8_t, 3> bits{};
  for (std::uint8_t& byte : bits) byte = cursor.byte();
  const auto size = static_cast<std::uint32_t>(cursor.number(4));
  FoundType found;
  if (version != 1 && version != 3) return found;
  constexpr unsigned kTextKind = 3, kPaddings = 3, kLetters = 2;
  if (kind == kTextKind) {
    const bool known =
        (bits[0] & 0x0fU) < kPaddings && bits[0] >> 4U < kLetters && bits[1] == 0 && bits[2] == 0;
    if (known) found.text = size;
    cursor.end("type");
    return found;
  }
  for (const StoredForm& stored : stored_forms()) {
    if (stored.kind != kind || stored.bits != bits || stored.size != size ||
        stored.properties.size() > cursor.left())
      continue;
    const std::span<const std::byte> properties = cursor.bytes(stored.properties.size());
    if (std::memcmp(properties.data(), stored.properties.data(), properties.size()) != 0)
      return found;
    cursor.end("type");
    found.element = stored.type;
    return found;
  }
  return found;
}

std::optional<std::vector<std::uint64_t>> shape_of(std::span<const std::byte> message,
                                                   const Hdf5Place& place) {
  Cursor cursor(message, place);
  constexpr unsigned kSimple = 1, kHasMost = 1;
  const unsigned version = cursor.byte();
  const std::size_t rank = cursor.byte();
  const unsigned flags = cursor.byte();
  unsigned kind = cursor.byte();
  if (version == 1) {  // older: a scalar is what has no axes
    cursor.expect(4, 0, "dataspace's reserve");
    kind = rank == 0 ? 0 : kSimple;
  } else if (version != 2) {
    place.fail("its dataspace is of version {}, wants 2", version);
  }
  if (flags > kHasMost) place.fail("its dataspace has flags {}", flags);
  if (kind != kSimple) {
    if (rank != 0 || kind > 2) place.fail("its dataspace is of kind {} and rank {}", kind, rank);
    cursor.end("dataspace");
    return std::nullopt;
  }
  std::vector<std::uint64_t> shape;
  for (std::size_t axis = 0; axis < rank; ++axis) shape.push_back(cursor.number(8));
  if (flags == kHasMost) cursor.bytes(rank * 8);
  cursor.end("dataspace");
  return shape;
}

bool is_scalar(std::span<const std::byte> message, const Hdf5Place& place) {
  constexpr std::byte kNothing{2};  // a dataspace without any value
  return !shape_of(message, place) && message[3] != kNothing;
}

}  // namespace varphase
