// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/zip_archive.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <set>

#include <zlib.h>

#include "src/base/byte_text.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace {

constexpr std::uint32_t kEndSignature = 0x06054b50;
constexpr std::uint32_t kCentralSignature = 0x02014b50;
constexpr std::uint32_t kLocalSignature = 0x04034b50;
constexpr std::size_t kEndBytes = 22, kCentralBytes = 46, kLocalBytes = 30;
constexpr std::size_t kMaxComment = 0xffff;
constexpr std::uint32_t kElsewhere = 0xffffffff;  // the number stands in a ZIP64 field
constexpr std::uint16_t kStored = 0, kDeflated = 8;
constexpr std::uint16_t kEncrypted = 1;
// Deflate packs no more than 1032 bytes into one: what claims more lies.
constexpr std::uint64_t kMostOfDeflate = 1032;
constexpr std::uint64_t kDeflateSlack = 64;

/// Reads little-endian numbers of one record.
class Record {
 public:
  Record(std::span<const std::byte> archive, std::uint64_t offset, std::size_t bytes,
         std::uint32_t signature, const std::string& origin, const char* what) {
    VARPHASE_CHECK(offset <= archive.size() && bytes <= archive.size() - offset, ErrorKind::format,
                   "{}: damaged ZIP archive: {} at byte {} reaches beyond the file", origin, what,
                   offset);
    bytes_ = archive.subspan(offset, bytes);
    VARPHASE_CHECK(u32(0) == signature, ErrorKind::format,
                   "{}: damaged ZIP archive: no {} at byte {}", origin, what, offset);
  }
  std::uint16_t u16(std::size_t at) const { return number<std::uint16_t>(at); }
  std::uint32_t u32(std::size_t at) const { return number<std::uint32_t>(at); }

 private:
  template <class T>
  T number(std::size_t at) const {
    T value = 0;
    std::memcpy(&value, bytes_.data() + at, sizeof value);
    return value;
  }
  std::span<const std::byte> bytes_;
};

/// Offset of the end record: behind it stands its comment alone.
std::uint64_t find_end(std::span<const std::byte> archive, const std::string& origin) {
  VARPHASE_CHECK(archive.size() >= kEndBytes, ErrorKind::format,
                 "{}: {} bytes are too few for a ZIP archive", origin, archive.size());
  const std::uint64_t last = archive.size() - kEndBytes;
  const std::uint64_t first = last > kMaxComment ? last - kMaxComment : 0;
  for (std::uint64_t at = last + 1; at-- > first;) {
    std::uint32_t signature = 0;
    std::uint16_t comment = 0;
    std::memcpy(&signature, archive.data() + at, sizeof signature);
    std::memcpy(&comment, archive.data() + at + kEndBytes - 2, sizeof comment);
    if (signature == kEndSignature && at + kEndBytes + comment == archive.size()) return at;
  }
  fail(ErrorKind::format, "{}: no whole ZIP archive: it has no end record, it may be truncated",
       origin);
}

std::string text_at(std::span<const std::byte> archive, std::uint64_t offset, std::size_t length) {
  return {reinterpret_cast<const char*>(archive.data()) + offset, length};
}

void check_apart(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& ranges,
                 std::uint64_t directory, const std::string& origin) {
  std::uint64_t end = 0;
  for (const auto& [begin, stop] : ranges) {
    VARPHASE_CHECK(begin >= end && stop <= directory, ErrorKind::format,
                   "{}: damaged ZIP archive: its members overlap", origin);
    end = stop;
  }
}

}  // namespace

std::vector<ZipMember> zip_members(std::span<const std::byte> archive, const std::string& origin) {
  const std::uint64_t end_at = find_end(archive, origin);
  const Record end(archive, end_at, kEndBytes, kEndSignature, origin, "end record");
  const std::size_t count = end.u16(10);
  const std::uint64_t directory_bytes = end.u32(12);
  const std::uint64_t directory = end.u32(16);
  VARPHASE_CHECK(count != 0xffff && directory != kElsewhere && directory_bytes != kElsewhere,
                 ErrorKind::format, "{}: a ZIP archive over 4 GiB (ZIP64) is not read", origin);
  VARPHASE_CHECK(end.u16(4) == 0 && end.u16(6) == 0 && end.u16(8) == count &&
                     directory + directory_bytes == end_at,
                 ErrorKind::format,
                 "{}: damaged ZIP archive: directory of {} bytes at {}, its end at {}", origin,
                 directory_bytes, directory, end_at);

  std::vector<ZipMember> members;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  std::set<std::string> names;
  std::uint64_t at = directory;
  for (std::size_t i = 0; i < count; ++i) {
    const Record row(archive, at, kCentralBytes, kCentralSignature, origin, "directory entry");
    const std::size_t name_bytes = row.u16(28);
    const std::uint64_t next = at + kCentralBytes + name_bytes + row.u16(30) + row.u16(32);
    VARPHASE_CHECK(next <= end_at, ErrorKind::format,
                   "{}: damaged ZIP archive: directory entry {} reaches beyond the directory",
                   origin, i);
    ZipMember member;
    member.name = text_at(archive, at + kCentralBytes, name_bytes);
    const std::string what = fmt::format("{}: member '{}'", origin, printable(member.name));
    const std::uint16_t flags = row.u16(8), method = row.u16(10);
    const std::uint64_t packed = row.u32(20);
    const std::uint64_t local_at = row.u32(42);
    member.crc32 = row.u32(16);
    member.size = row.u32(24);
    member.deflated = method == kDeflated;
    VARPHASE_CHECK(names.insert(member.name).second, ErrorKind::format, "{} is there twice", what);
    VARPHASE_CHECK((flags & kEncrypted) == 0, ErrorKind::format, "{} is encrypted", what);
    VARPHASE_CHECK(method == kStored || method == kDeflated, ErrorKind::format,
                   "{} is packed by method {}; stored and deflated members are read", what, method);
    VARPHASE_CHECK(packed != kElsewhere && member.size != kElsewhere && local_at != kElsewhere,
                   ErrorKind::format, "{} is over 4 GiB (ZIP64), which is not read", what);
    const std::uint64_t most = member.deflated ? kMostOfDeflate * packed + kDeflateSlack : packed;
    VARPHASE_CHECK(member.size <= most && (member.deflated || member.size == packed),
                   ErrorKind::format, "{}: {} bytes cannot come of {}", what, member.size, packed);

    const Record local(archive, local_at, kLocalBytes, kLocalSignature, origin, "local header");
    const std::uint64_t data = local_at + kLocalBytes + local.u16(26) + local.u16(28);
    VARPHASE_CHECK(data <= directory && packed <= directory - data, ErrorKind::format,
                   "{} reaches beyond the archive's members", what);
    VARPHASE_CHECK(local.u16(26) == name_bytes && local.u16(8) == method &&
                       text_at(archive, local_at + kLocalBytes, name_bytes) == member.name,
                   ErrorKind::format, "{}: its local header names another", what);
    member.packed = archive.subspan(data, packed);
    ranges.emplace_back(local_at, data + packed);
    members.push_back(std::move(member));
    at = next;
  }
  VARPHASE_CHECK(at == end_at, ErrorKind::format,
                 "{}: damaged ZIP archive: {} bytes of its directory are no entry", origin,
                 end_at - at);
  std::sort(ranges.begin(), ranges.end());
  check_apart(ranges, directory, origin);
  return members;
}

std::vector<std::byte> unpack(const ZipMember& member, const std::string& origin) {
  const std::string what = fmt::format("{}: member '{}'", origin, printable(member.name));
  std::vector<std::byte> bytes;
  if (member.deflated) {
    bytes.resize(member.size);
    z_stream stream{};
    VARPHASE_CHECK(::inflateInit2(&stream, -MAX_WBITS) == Z_OK, ErrorKind::device,
                   "{}: no memory to unpack it", what);
    // Sizes are under 4 GiB: checked where the member was read.
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(member.packed.data()));
    stream.avail_in = static_cast<uInt>(member.packed.size());
    Bytef none = 0;
    stream.next_out = bytes.empty() ? &none : reinterpret_cast<Bytef*>(bytes.data());
    stream.avail_out = static_cast<uInt>(bytes.size());
    const int status = ::inflate(&stream, Z_FINISH);
    const bool whole = status == Z_STREAM_END && stream.avail_out == 0 && stream.avail_in == 0;
    ::inflateEnd(&stream);
    VARPHASE_CHECK(whole, ErrorKind::format, "{} is damaged: it does not unpack to its {} bytes",
                   what, member.size);
  } else {
    bytes.assign(member.packed.begin(), member.packed.end());
  }
  const auto sum = ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  VARPHASE_CHECK(bytes.empty() ? member.crc32 == 0 : sum == member.crc32, ErrorKind::format,
                 "{} is damaged: its checksum is another", what);
  return bytes;
}

}  // namespace varphase
