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

/// The address that stands for no address.
inline constexpr std::uint64_t kNowhere = ~std::uint64_t{0};

/// HDF5's checksum of its own structures: Bob Jenkins' lookup3.
std::uint32_t lookup3(std::span<const std::byte> bytes);

/// HDF5's checksum of a chunk's values: Fletcher's, of 16-bit words with the high byte first.
std::uint32_t fletcher32(std::span<const std::byte> bytes);

/// Whether a computed checksum is the stored one. Always so in a build for fuzzing, so that a changed byte is read on.
inline bool same_checksum(std::uint32_t stored, std::uint32_t computed) {
#ifdef VARPHASE_FUZZING
  return (static_cast<void>(stored), static_cast<void>(computed), true);
#else
  return stored == computed;
#endif
}

/// Takes numbers and runs of bytes off the front of some bytes. @throws Error format where there are too few.
class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, const Hdf5Place& place) : left_(bytes), place_(place) {}

  /// Little-endian, of 1 to 8 bytes.
  std::uint64_t number(std::size_t width);
  std::uint8_t byte() { return static_cast<std::uint8_t>(number(1)); }
  std::span<const std::byte> bytes(std::uint64_t count);
  std::size_t left() const noexcept { return left_.size(); }
  /// Takes a number and refuses any but `wanted`. @param what  names it in the message
  void expect(std::size_t width, std::uint64_t wanted, std::string_view what);
  /// Refuses bytes that were not taken, unless they are zero.
  void end(std::string_view what);

 private:
  std::span<const std::byte> left_;
  const Hdf5Place& place_;
};

/// The bytes of a file, of which each is given out once at most. So structures that point at each other cannot make a
/// reader take more than the file holds, and every walk through them ends.
class Hdf5Bytes {
 public:
  Hdf5Bytes(std::span<const std::byte> file, const Hdf5Place& place)
      : file_(file), left_(file.size()), place_(place) {}

  std::size_t size() const noexcept { return file_.size(); }
  std::span<const std::byte> take(std::uint64_t address, std::uint64_t count);
  /// The inside of a structure that begins with its signature and ends with its checksum, which are checked.
  std::span<const std::byte> structure(std::uint64_t address, std::uint64_t count,
                                       std::string_view signature);
  /// Bytes that are not counted as given out: to see how long a structure is.
  std::span<const std::byte> look(std::uint64_t address, std::uint64_t count) const;

 private:
  std::span<const std::byte> file_;
  std::uint64_t left_;
  const Hdf5Place& place_;
};

}  // namespace varphase
