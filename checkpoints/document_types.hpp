// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "checkpoints/hdf5_place.hpp"
#include "src/base/array.hpp"

namespace varphase {

/// What a datatype message says: one of the element types that we write, a text of fixed length, or neither.
struct FoundType {
  std::optional<ElementType> element;
  std::optional<std::uint32_t> text;  // its length in bytes
};

/// @throws Error format where the message is damaged.
FoundType type_of(std::span<const std::byte> message, const Hdf5Place& place);

/// The extents that a dataspace message says; none where it is a single value's or holds nothing.
/// @throws Error format.
std::optional<std::vector<std::uint64_t>> shape_of(std::span<const std::byte> message,
                                                   const Hdf5Place& place);

/// Whether a dataspace message is a single value's. @throws Error format.
bool is_scalar(std::span<const std::byte> message, const Hdf5Place& place);

}  // namespace varphase
