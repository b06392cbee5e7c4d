// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/idx.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <string>

#include <fmt/ranges.h>

#include "src/base/error.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr std::uint8_t kUnsignedByte = 0x08;
constexpr const char* kFetchAgain =
    "\n  the file is not what it was when it was made: fetch it again";

std::string type_name(std::uint8_t type) {
  switch (type) {
    case 0x08:
      return "unsigned byte";
    case 0x09:
      return "signed byte";
    case 0x0B:
      return "int16";
    case 0x0C:
      return "int32";
    case 0x0D:
      return "float32";
    case 0x0E:
      return "float64";
    default:
      return "unknown";
  }
}

std::string rank_text(int smallest, int largest) {
  const std::string what = largest == 1 ? "labels" : "images";
  return smallest == largest ? fmt::format("{} ({})", smallest, what)
                             : fmt::format("{} or {} ({})", smallest, largest, what);
}

/// Reads exactly so many bytes, or says what is missing.
void read_all(ByteSource& source, std::span<std::uint8_t> out, const std::string& path,
              const std::string& what) {
  const std::size_t got = source.read(out);
  VARPHASE_CHECK(got == out.size(), ErrorKind::format, "{}: {}: wants {} bytes of {}, got {}{}",
                 path, source.trouble().empty() ? "truncated" : source.trouble(), out.size(), what,
                 got, kFetchAgain);
}

}  // namespace

IdxReader::IdxReader(const fs::path& path, int smallest_rank, int largest_rank,
                     const ReadLimits& limits)
    : name_(path.string()), source_(path) {
  VARPHASE_CHECK(source_.file_bytes() > 0, ErrorKind::format, "{}: empty file, wants IDX data{}",
                 name_, kFetchAgain);

  std::array<std::uint8_t, 4> magic{};
  read_all(source_, magic, name_, "IDX magic");
  const int rank = magic[3];
  VARPHASE_CHECK(magic[0] == 0 && magic[1] == 0 && type_name(magic[2]) != "unknown",
                 ErrorKind::format,
                 "{}: not an IDX file: wants first bytes 00 00 08 {:02x}, got {:02x}", name_,
                 smallest_rank, fmt::join(magic, " "));
  VARPHASE_CHECK(magic[2] == kUnsignedByte, ErrorKind::format,
                 "{}: IDX type {:#04x} ({}), wants 0x08 (unsigned byte)\n  images are read as "
                 "bytes 0..255: convert the file",
                 name_, magic[2], type_name(magic[2]));
  VARPHASE_CHECK(rank >= smallest_rank && rank <= largest_rank, ErrorKind::format,
                 "{}: IDX rank {}, wants {}", name_, rank, rank_text(smallest_rank, largest_rank));

  std::vector<std::uint8_t> header(4U * static_cast<std::size_t>(rank));
  read_all(source_, header, name_, "IDX header");
  for (std::size_t at = 0; at < header.size(); at += 4) {
    shape_.push_back(std::int64_t{header[at]} << 24 | std::int64_t{header[at + 1]} << 16 |
                     std::int64_t{header[at + 2]} << 8 | std::int64_t{header[at + 3]});
  }

  // The file's size bounds what can follow; the product is never formed beyond that bound.
  const std::uint64_t header_bytes = magic.size() + header.size();
  const std::uint64_t room =
      source_.most_bytes() > header_bytes ? source_.most_bytes() - header_bytes : 0;
  const bool empty = std::find(shape_.begin(), shape_.end(), 0) != shape_.end();
  count_ = empty ? 0 : 1;
  for (const std::int64_t extent : shape_) {
    const auto size = static_cast<std::uint64_t>(extent);
    VARPHASE_CHECK(empty || count_ <= room / size, ErrorKind::format,
                   "{}: truncated: header says [{}] values, the file's {} bytes can hold at most "
                   "{}{}",
                   name_, fmt::join(shape_, ", "), source_.file_bytes(), room, kFetchAgain);
    count_ *= size;
  }
  if (source_.compressed()) check_unpacked(name_, count_, source_.file_bytes(), limits);
}

void IdxReader::read(std::span<std::uint8_t> out) {
  read_all(source_, out, name_, fmt::format("values (header says [{}])", fmt::join(shape_, ", ")));
}

void IdxReader::finish() {
  std::uint8_t beyond = 0;
  const std::size_t trailing = source_.read({&beyond, 1});
  VARPHASE_CHECK(source_.trouble().empty(), ErrorKind::format,
                 "{}: {} after the {} values that the header says{}", name_, source_.trouble(),
                 count_, kFetchAgain);
  VARPHASE_CHECK(trailing == 0, ErrorKind::format,
                 "{}: trailing bytes: wants the {} values that the header says ([{}]), got "
                 "more{}",
                 name_, count_, fmt::join(shape_, ", "), kFetchAgain);
}

IdxArray read_idx(const fs::path& path, int smallest_rank, int largest_rank,
                  const ReadLimits& limits) {
  IdxReader reader(path, smallest_rank, largest_rank, limits);
  IdxArray array{reader.shape(), std::vector<std::uint8_t>(reader.count())};
  reader.read(array.values);
  reader.finish();
  return array;
}

ImageSet read_idx_images(const fs::path& images_path, const fs::path& labels_path,
                         const ReadLimits& limits) {
  IdxArray labels = read_idx(labels_path, 1, 1, limits);
  IdxArray images = read_idx(images_path, 3, 4, limits);
  const std::int64_t count = images.shape.front();
  VARPHASE_CHECK(count == labels.shape.front(), ErrorKind::format,
                 "{}: {} labels for the {} images of {}\n  the two files do not belong together",
                 labels_path.string(), labels.shape.front(), count, images_path.string());
  VARPHASE_CHECK(!images.values.empty(), ErrorKind::usage,
                 "{}: no images: wants at least one image of one pixel, got [{}]",
                 images_path.string(), fmt::join(images.shape, ", "));

  ImageSet set;
  const std::size_t rank = images.shape.size();
  set.channels = rank == 4 ? images.shape[1] : 1;
  set.height = images.shape[rank - 2];
  set.width = images.shape[rank - 1];
  set.pixels = std::move(images.values);
  set.labels.assign(labels.values.begin(), labels.values.end());
  set.index.resize(set.labels.size());
  std::iota(set.index.begin(), set.index.end(), 0);
  return set;
}

}  // namespace varphase
