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

/// Behind the HDF5 part of every file stand 56 bytes, little-endian:
///
///     char[8]   magic "VARPHASE"
///     uint32    format version
///     uint32    zero
///     uint64    length of the HDF5 part
///     byte[32]  SHA-256 of the HDF5 part and of the 24 bytes above
///
/// This layout is the same in every format version.
inline constexpr std::size_t kTrailerBytes = 56;
using Trailer = std::array<std::byte, kTrailerBytes>;

/// The trailer of an HDF5 part.
Trailer make_trailer(std::span<const std::byte> hdf5, std::uint32_t format = kFormatVersion);

/// Where an HDF5 file should end, by the superblock that HDF5 writes under the bounds v110; none where the bytes do not
/// begin with one. Tells a truncated file from another program's before it is parsed.
std::optional<std::uint64_t> hdf5_end(std::span<const std::byte> start);

/// No file larger than this is read.
inline constexpr std::uint64_t kMaxFileBytes = std::uint64_t{8} << 30U;

enum class Seal {
  intact,
  broken,   // truncated, changed, grown
  foreign,  // never was a file of Varphase
  newer,    // intact, of a version that this program does not know
};

/// What became of opening a file.
struct SealedFile {
  Seal seal = Seal::broken;
  std::string why;  // empty where intact
  std::uint32_t format = 0;
  std::string digest;       // 64 hexadecimal digits, where there is a trailer
  std::uint64_t bytes = 0;  // of the whole file
  FileBytes hdf5;           // where intact; else empty
};

/// Looks at the trailer, then at the digest, before anything is parsed. Reads the whole file only where the trailer
/// fits its size. The bytes that are returned are the ones that were digested, so nobody can change them between the
/// check and their use.
/// @throws Error io where the file cannot be read.
SealedFile open_sealed(const std::filesystem::path& path);

/// Whether a file ends with a trailer, as only our own do, whole or not. Reads no more than that.
/// @throws Error io where the file cannot be read.
bool has_trailer(const std::filesystem::path& path);

/// open_sealed for callers that need an intact file. @throws Error io, format, saying why it is not and what to do.
SealedFile open_intact(const std::filesystem::path& path);

/// Writes the HDF5 part and the trailer atomically. @return size of the file @throws Error io; an older file stays.
std::int64_t write_sealed(const std::filesystem::path& path, std::span<const std::byte> hdf5);

}  // namespace varphase
