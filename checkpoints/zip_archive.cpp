// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/zip_archive.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <zip.h>

#include "src/base/byte_text.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace {

// Records of the format (PKWARE's APPNOTE 6.3.10, section 4.3), without what follows them.
constexpr std::size_t kEndBytes = 22, kCentralBytes = 46, kLocalBytes = 30;
constexpr std::uint32_t kElsewhere = 0xffffffff;  // the number stands in a ZIP64 field
// Deflate packs no more than 1032 bytes into one: what claims more lies.
constexpr std::uint64_t kMostOfDeflate = 1032;
constexpr std::uint64_t kDeflateSlack = 64;

/// Why an archive is none, by what libzip says.
[[noreturn]] void refuse(const std::string& origin, zip_error_t& error) {
  const int code = zip_error_code_zip(&error);
  const std::string said = zip_error_strerror(&error);
  zip_error_fini(&error);
  VARPHASE_CHECK(code != ZIP_ER_MEMORY, ErrorKind::device, "{}: no memory to read it", origin);
  VARPHASE_CHECK(code != ZIP_ER_EXISTS, ErrorKind::format, "{}: a member is there twice", origin);
  fail(ErrorKind::format, "{}: no whole ZIP archive, it may be damaged or truncated: {}", origin,
       said);
}

}  // namespace

ZipArchive::ZipArchive(std::span<const std::byte> bytes, std::string origin)
    : bytes_(bytes), origin_(std::move(origin)) {
  VARPHASE_CHECK(bytes_.size() >= kEndBytes, ErrorKind::format,
                 "{}: {} bytes are too few for a ZIP archive", origin_, bytes_.size());
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes_.data(), bytes_.size(), 0, &error);
  if (source == nullptr) refuse(origin_, error);
  archive_ = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
  if (archive_ == nullptr) {
    zip_source_free(source);
    refuse(origin_, error);
  }
  zip_error_fini(&error);
  try {
    read_members();
    check_apart();
  } catch (...) {
    zip_discard(archive_);
    throw;
  }
}

ZipArchive::~ZipArchive() { zip_discard(archive_); }

std::string ZipArchive::named(const ZipMember& member) const {
  return fmt::format("{}: member '{}'", origin_, printable(member.name));
}

void ZipArchive::read_members() {
  const auto count = static_cast<zip_uint64_t>(zip_get_num_entries(archive_, 0));
  for (zip_uint64_t i = 0; i < count; ++i) {
    zip_stat_t entry;
    VARPHASE_CHECK(zip_stat_index(archive_, i, ZIP_FL_ENC_RAW, &entry) == 0, ErrorKind::format,
                   "{}: damaged ZIP archive: {}", origin_, zip_strerror(archive_));
    const bool deflated = entry.comp_method == ZIP_CM_DEFLATE;
    const ZipMember& member =
        members_.emplace_back(ZipMember{entry.name, deflated, entry.comp_size, entry.size});
    const std::string what = named(member);
    VARPHASE_CHECK(entry.encryption_method == ZIP_EM_NONE, ErrorKind::format, "{} is encrypted",
                   what);
    VARPHASE_CHECK(deflated || entry.comp_method == ZIP_CM_STORE, ErrorKind::format,
                   "{} is packed by method {}; stored and deflated members are read", what,
                   entry.comp_method);
    const std::uint64_t packed = member.packed;
    const bool possible =
        deflated ? member.size <= kMostOfDeflate * packed + kDeflateSlack : member.size == packed;
    VARPHASE_CHECK(packed <= bytes_.size() && possible, ErrorKind::format,
                   "{}: {} bytes cannot come of {}", what, member.size, packed);
  }
}

/// libzip takes members that share bytes, and does not say where they lie: the directory does.
void ZipArchive::check_apart() const {
  const auto number = [&](std::uint64_t at, std::size_t size) {
    VARPHASE_CHECK(at <= bytes_.size() && size <= bytes_.size() - at, ErrorKind::format,
                   "{}: damaged ZIP archive: a record reaches beyond the file", origin_);
    std::uint32_t value = 0;  // little-endian, as the machines that this runs on
    std::memcpy(&value, bytes_.data() + at, size);
    return value;
  };
  int comment_bytes = 0;
  zip_get_archive_comment(archive_, &comment_bytes, ZIP_FL_ENC_RAW);
  const std::uint64_t end = bytes_.size() - kEndBytes - static_cast<std::uint64_t>(comment_bytes);
  const std::uint64_t directory = number(end + 16, 4);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  std::uint64_t row = directory;
  for (const ZipMember& member : members_) {
    const std::uint64_t local = number(row + 42, 4);
    VARPHASE_CHECK(directory != kElsewhere && local != kElsewhere, ErrorKind::format,
                   "{}: a ZIP archive over 4 GiB (ZIP64) is not read", origin_);
    const std::uint64_t data = local + kLocalBytes + number(local + 26, 2) + number(local + 28, 2);
    ranges.emplace_back(local, data + member.packed);
    row += kCentralBytes + number(row + 28, 2) + number(row + 30, 2) + number(row + 32, 2);
  }
  std::sort(ranges.begin(), ranges.end());
  std::uint64_t taken = 0;
  for (const auto& [begin, stop] : ranges) {
    VARPHASE_CHECK(begin >= taken && stop <= directory, ErrorKind::format,
                   "{}: damaged ZIP archive: its members overlap", origin_);
    taken = stop;
  }
}

std::vector<std::byte> ZipArchive::unpack(const ZipMember& member) const {
  const auto index = static_cast<zip_uint64_t>(&member - members_.data());
  zip_file_t* file = zip_fopen_index(archive_, index, 0);
  VARPHASE_CHECK(file != nullptr, ErrorKind::format, "{} is damaged: {}", named(member),
                 zip_strerror(archive_));
  std::vector<std::byte> bytes(member.size);
  const zip_int64_t read = zip_fread(file, bytes.data(), bytes.size());
  std::byte behind{};  // libzip compares the checksum where a member ends
  const bool whole =
      read == static_cast<zip_int64_t>(bytes.size()) && zip_fread(file, &behind, 1) == 0;
  const std::string said = zip_file_strerror(file);
  zip_fclose(file);
  VARPHASE_CHECK(whole, ErrorKind::format, "{} is damaged: it does not unpack to its {} bytes: {}",
                 named(member), member.size, said);
  return bytes;
}

}  // namespace varphase
