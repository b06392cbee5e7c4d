// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/sealed_file.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "checkpoints/file_kind.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/error.hpp"
#include "src/base/sha256.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

static_assert(std::endian::native == std::endian::little,
              "the trailer is written as it lies in memory");

constexpr std::size_t kDigestOffset = kTrailerBytes - sizeof(Sha256::Digest);
constexpr char kMagic[] = {'V', 'A', 'R', 'P', 'H', 'A', 'S', 'E'};

Sha256::Digest seal_of(std::span<const std::byte> hdf5, std::span<const std::byte> trailer) {
  Sha256 sha256;
  sha256.add(hdf5);
  sha256.add(trailer.first(kDigestOffset));
  return sha256.digest();
}

template <class T>
T number_at(std::span<const std::byte> bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

template <class T>
void put(Trailer& trailer, std::size_t offset, T value) {
  std::memcpy(trailer.data() + offset, &value, sizeof value);
}

// The superblock as written under the bounds v110: signature[8], version 3, 8-byte offsets and
// lengths, flags, base address, extension address, end of file, root group, checksum.
constexpr std::size_t kSuperblockBytes = 48;
constexpr unsigned char kSuperblock[] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n', 3, 8, 8};
constexpr std::size_t kSignatureBytes = 8;
constexpr std::size_t kEndOfFileOffset = 28;

bool starts_like(std::span<const std::byte> bytes, std::size_t count) {
  return std::memcmp(bytes.data(), kSuperblock, std::min(count, bytes.size())) == 0;
}

/// Of a file that does not end in a trailer: was it ever one of ours?
void judge_without_trailer(std::span<const std::byte> head, SealedFile& file) {
  if (!starts_like(head, kSignatureBytes)) {
    file.seal = Seal::foreign;
    file.why =
        "is no HDF5 file of Varphase: neither HDF5's signature at its start nor our trailer at its "
        "end";
    return;
  }
  const bool ours = starts_like(head, sizeof kSuperblock);
  const std::uint64_t declared = hdf5_end(head).value_or(0);
  if (!ours || declared == file.bytes) {
    file.seal = Seal::foreign;
    file.why =
        "is an HDF5 file of another program, or was changed by one: it does not end in our trailer";
    return;
  }
  file.seal = Seal::broken;
  if (declared == 0) {
    file.why = fmt::format("is truncated: {} bytes are left of it", file.bytes);
  } else if (declared > file.bytes || file.bytes - declared < kTrailerBytes) {
    file.why =
        fmt::format("is truncated: it holds {} bytes, its own header wants {} and a trailer of {}",
                    file.bytes, declared, kTrailerBytes);
  } else {
    file.why = fmt::format(
        "does not end in our trailer: its own header wants {} bytes and a trailer of {}, got {}",
        declared, kTrailerBytes, file.bytes);
  }
}

}  // namespace

std::optional<std::uint64_t> hdf5_end(std::span<const std::byte> start) {
  if (start.size() < kSuperblockBytes || !starts_like(start, sizeof kSuperblock))
    return std::nullopt;
  return number_at<std::uint64_t>(start, kEndOfFileOffset);
}

Trailer make_trailer(std::span<const std::byte> hdf5, std::uint32_t format) {
  Trailer trailer{};
  std::memcpy(trailer.data(), kMagic, sizeof kMagic);
  put(trailer, 8, format);
  put(trailer, 16, static_cast<std::uint64_t>(hdf5.size()));
  const Sha256::Digest digest = seal_of(hdf5, trailer);
  std::copy(digest.begin(), digest.end(), trailer.begin() + kDigestOffset);
  return trailer;
}

namespace {

/// The last bytes of a file, where they are a trailer's.
std::optional<Trailer> trailer_of(const InputFile& input) {
  Trailer trailer{};
  if (input.size() >= kTrailerBytes) input.read(input.size() - kTrailerBytes, trailer);
  if (std::memcmp(trailer.data(), kMagic, sizeof kMagic) != 0) return std::nullopt;
  return trailer;
}

}  // namespace

bool has_trailer(const fs::path& path) { return trailer_of(InputFile(path)).has_value(); }

SealedFile open_sealed(const fs::path& path) {
  const InputFile input(path);
  SealedFile file;
  file.bytes = input.size();
  std::array<std::byte, kSuperblockBytes> start{};
  const std::span head(start.data(), std::min<std::uint64_t>(start.size(), input.size()));
  input.read(0, head);
  const std::optional<Trailer> found = trailer_of(input);
  if (!found) {
    judge_without_trailer(head, file);
    return file;
  }
  const Trailer& trailer = *found;
  const std::uint64_t length = input.size() - kTrailerBytes;
  file.format = number_at<std::uint32_t>(trailer, 8);
  file.digest = hex_text(std::span(trailer).subspan(kDigestOffset));
  const auto declared = number_at<std::uint64_t>(trailer, 16);
  if (declared != length) {
    file.why = fmt::format("is damaged: its trailer wants {} bytes before it, there are {}",
                           declared, length);
    return file;
  }
  if (input.size() > kMaxFileBytes) {
    file.why = fmt::format("holds {} bytes, at most {} are read", input.size(), kMaxFileBytes);
    return file;
  }
  file.hdf5 = FileBytes::of_size(length);
  input.read(0, {file.hdf5.data.get(), length});
  const Sha256::Digest digest = seal_of(file.hdf5.span(), trailer);
  if (!std::equal(digest.begin(), digest.end(), trailer.begin() + kDigestOffset)) {
    file.why = "is damaged: its SHA-256 is not the one in its trailer";
    file.hdf5 = {};
  } else if (file.format != kFormatVersion) {
    file.seal = Seal::newer;
    file.why = fmt::format("has format version {}, this program reads version {}", file.format,
                           kFormatVersion);
    file.hdf5 = {};
  } else {
    file.seal = Seal::intact;
  }
  return file;
}

SealedFile open_intact(const fs::path& path) {
  SealedFile file = open_sealed(path);
  std::string_view remedy;
  switch (file.seal) {
    case Seal::intact:
      return file;
    case Seal::broken:
      remedy = "take another epoch: varphase check on its folder tells which files are whole";
      break;
    case Seal::foreign:
      remedy = remedy_of_foreign(path);
      break;
    case Seal::newer:
      remedy = "read it with the newer varphase that wrote it";
      break;
  }
  fail(ErrorKind::format, "{}: {}\n  {} (varphase check {})", path.string(), file.why, remedy,
       path.string());
}

std::int64_t write_sealed(const fs::path& path, std::span<const std::byte> hdf5) {
  const Trailer trailer = make_trailer(hdf5);
  write_atomically(path, [&](const fs::path& temporary) {
    write_new_file(temporary, {hdf5, trailer});
  });
  return static_cast<std::int64_t>(hdf5.size() + kTrailerBytes);
}

}  // namespace varphase
