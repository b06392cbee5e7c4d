// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "checkpoints/hdf5_place.hpp"

namespace varphase {

inline constexpr std::size_t kAddressBytes = 8, kStructureChecksumBytes = 4;

/// An address that is none.
inline constexpr std::uint64_t kNowhere = ~std::uint64_t{0};

/// HDF5's checksum of its own structures: Bob Jenkins' lookup3.
std::uint32_t lookup3(std::span<const std::byte> bytes);

/// HDF5's checksum of a chunk's values: Fletcher's, of 16-bit words with the high byte first.
std::uint32_t fletcher32(std::span<const std::byte> bytes);

/// Whether a checksum is the one that is stored; always so in a build for fuzzing, where a changed
/// byte is to be read on.
inline bool same_checksum(std::uint32_t stored, std::uint32_t computed) {
#ifdef VARPHASE_FUZZING
  return (static_cast<void>(stored), static_cast<void>(computed), true);
#else
  return stored == computed;
#endif
}

/// Takes numbers and runs of bytes off the front; ends with an error where there are too few.
class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, const Hdf5Place& place) : left_(bytes), place_(place) {}

  /// Little-endian, of 1 to 8 bytes.
  std::uint64_t number(std::size_t width);
  std::uint8_t byte() { return static_cast<std::uint8_t>(number(1)); }
  std::span<const std::byte> bytes(std::uint64_t count);
  std::size_t left() const noexcept { return left_.size(); }
  /// Refuses any other number. @param what names it.
  void expect(std::size_t width, std::uint64_t wanted, std::string_view what);
  /// Refuses what was not taken, unless it is zero.
  void end(std::string_view what);

 private:
  std::span<const std::byte> left_;
  const Hdf5Place& place_;
};

/// The bytes of a file, given out once: what its structures take together is never more than the
/// file has, however they point at each other, so that a walk of them ends.
class ImageBytes {
 public:
  ImageBytes(std::span<const std::byte> image, const Hdf5Place& place)
      : image_(image), left_(image.size()), place_(place) {}

  std::size_t size() const noexcept { return image_.size(); }
  std::span<const std::byte> take(std::uint64_t address, std::uint64_t count);
  /// A structure that begins with its signature and ends with its checksum; without these.
  std::span<const std::byte> structure(std::uint64_t address, std::uint64_t count,
                                       std::string_view signature);
  /// Without being counted: to see how long a structure is.
  std::span<const std::byte> look(std::uint64_t address, std::uint64_t count) const;

 private:
  std::span<const std::byte> image_;
  std::uint64_t left_;
  const Hdf5Place& place_;
};

}  // namespace varphase
