// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "checkpoints/file_bytes.hpp"

namespace varphase {

/// The version of the files that this program writes, and the newest that it reads.
inline constexpr std::uint32_t kFormatVersion = 1;

/// Behind the HDF5 part of every file stand 56 bytes: magic[8] "VARPHASE", format (uint32), zero
/// (uint32), length of the HDF5 part (uint64), SHA-256[32] of the HDF5 part and of the 24 bytes
/// before the digest; little-endian. This layout holds for every format version.
inline constexpr std::size_t kTrailerBytes = 56;
using Trailer = std::array<std::byte, kTrailerBytes>;

Trailer make_trailer(std::span<const std::byte> hdf5, std::uint32_t format = kFormatVersion);

/// The end of the file by the superblock that HDF5 writes under the bounds v110; none where the
/// bytes do not start with one. Tells a truncated file from a foreign one before HDF5 is asked.
std::optional<std::uint64_t> hdf5_end(std::span<const std::byte> start);

/// No file larger than this is read.
inline constexpr std::uint64_t kMaxFileBytes = std::uint64_t{8} << 30U;

enum class Seal {
  intact,
  broken,   // truncated, changed, grown
  foreign,  // never was a file of Varphase
  newer,    // intact, of a version that this program does not know
};

struct SealedFile {
  Seal seal = Seal::broken;
  std::string why;  // empty where intact
  std::uint32_t format = 0;
  std::string digest;       // 64 hexadecimal digits, where there is a trailer
  std::uint64_t bytes = 0;  // of the whole file
  FileBytes hdf5;           // where intact; else empty
};

/// Looks at the trailer, then at the digest, before anything is parsed. Reads the whole file only
/// where the trailer fits; what is returned is what was digested, so that nobody can change it
/// between the check and the use.
/// @throws Error io where the file cannot be read.
SealedFile open_sealed(const std::filesystem::path& path);

/// open_sealed for those who can use a whole file only. @throws Error io, format, saying why and
/// what to do.
SealedFile open_intact(const std::filesystem::path& path);

/// Writes HDF5 part and trailer atomically. @return size of the file. @throws Error io; an older
/// file stays.
std::int64_t write_sealed(const std::filesystem::path& path, std::span<const std::byte> hdf5);

}  // namespace varphase
