// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/npz.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

#include <fmt/ranges.h>

#include "checkpoints/file_bytes.hpp"
#include "checkpoints/foreign_elements.hpp"
#include "checkpoints/sealed_file.hpp"
#include "checkpoints/zip_archive.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace {

constexpr std::string_view kNpyMagic("\x93NUMPY", 6);
constexpr std::string_view kSuffix = ".npy";

struct NpyType {
  std::string_view descr;
  ForeignElement element;  // what it is read as
  std::size_t bytes;       // of an entry in the file
  bool widened = false;    // whole numbers that become int64
  bool is_signed = false;
};
constexpr std::array<NpyType, 12> kNpyTypes{{{"<f4", ForeignElement::float32, 4},
                                             {"<f8", ForeignElement::float64, 8},
                                             {"<f2", ForeignElement::float16, 2},
                                             {"<i8", ForeignElement::int64, 8},
                                             {"<i4", ForeignElement::int32, 4},
                                             {"|u1", ForeignElement::uint8, 1},
                                             {"|b1", ForeignElement::boolean, 1},
                                             {"|i1", ForeignElement::int64, 1, true, true},
                                             {"<i2", ForeignElement::int64, 2, true, true},
                                             {"<u2", ForeignElement::int64, 2, true},
                                             {"<u4", ForeignElement::int64, 4, true},
                                             {"<u8", ForeignElement::int64, 8, true}}};

/// The dictionary of a .npy header: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }.
struct NpyHeader {
  std::string descr;
  bool fortran_order = false;
  std::vector<std::uint64_t> shape;
};

/// Reads that one form of Python literal, keys in any order.
class NpyHeaderParser {
 public:
  NpyHeaderParser(std::string_view text, const std::string& what) : text_(text), what_(what) {}

  NpyHeader parse() {
    NpyHeader header;
    bool descr = false, order = false, shape = false;
    expect('{');
    while (!take('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr" && !descr) {
        header.descr = descr_text();
        descr = true;
      } else if (key == "fortran_order" && !order) {
        header.fortran_order = truth();
        order = true;
      } else if (key == "shape" && !shape) {
        header.shape = extents();
        shape = true;
      } else {
        damaged();
      }
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    skip_spaces();
    if (at_ != text_.size() || !descr || !order || !shape) damaged();
    return header;
  }

 private:
  [[noreturn]] void damaged() const {
    fail(ErrorKind::format, "{}: its header is no .npy header: {}", what_, printable(text_, 80));
  }
  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool take(char c) {
    skip_spaces();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) damaged();
  }
  std::string quoted() {
    skip_spaces();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '\'' && quote != '"') damaged();
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) damaged();
    std::string value(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return value;
  }
  std::string descr_text() {
    skip_spaces();
    VARPHASE_CHECK(at_ >= text_.size() || text_[at_] != '[', ErrorKind::format,
                   "{}: structured arrays are not read", what_);
    return quoted();
  }
  bool truth() {
    skip_spaces();
    for (const std::string_view word : {"True", "False"}) {
      if (text_.substr(at_, word.size()) != word) continue;
      at_ += word.size();
      return word == "True";
    }
    damaged();
  }
  std::vector<std::uint64_t> extents() {
    std::vector<std::uint64_t> shape;
    expect('(');
    while (!take(')')) {
      skip_spaces();
      std::uint64_t extent = 0;
      const char* last = text_.data() + text_.size();
      const auto [end, status] = std::from_chars(text_.data() + at_, last, extent);
      if (status != std::errc()) damaged();
      at_ = static_cast<std::size_t>(end - text_.data());
      shape.push_back(extent);
      VARPHASE_CHECK(shape.size() <= kMaxForeignRank, ErrorKind::format,
                     "{}: over {} extents, which is not read", what_, kMaxForeignRank);
      if (!take(',')) {
        expect(')');
        break;
      }
    }
    return shape;
  }

  std::string_view text_;
  const std::string& what_;
  std::size_t at_ = 0;
};

const NpyType& npy_type_of(const std::string& descr, const std::string& what) {
  const auto type = std::find_if(kNpyTypes.begin(), kNpyTypes.end(),
                                 [&](const NpyType& known) { return known.descr == descr; });
  if (type != kNpyTypes.end()) return *type;
  const bool objects = descr.find('O') != std::string::npos;
  const bool big = !descr.empty() && descr.front() == '>';
  fail(
      ErrorKind::format, "{}: element type {} is not read{}\n  {}", what, printable(descr),
      objects ? " (pickled Python objects)"
      : big   ? " (big-endian)"
              : "",
      "little-endian floats of 2, 4 and 8 bytes, whole numbers and bools are: numpy's astype makes "
      "one of them");
}

/// Whole numbers of few bits, or unsigned ones, as int64.
std::vector<std::byte> widened(std::span<const std::byte> narrow, const NpyType& type,
                               const std::string& what) {
  std::vector<std::byte> wide(narrow.size() / type.bytes * sizeof(std::int64_t));
  for (std::size_t i = 0; i < narrow.size() / type.bytes; ++i) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, narrow.data() + i * type.bytes, type.bytes);
    const std::uint64_t top = std::uint64_t{1} << (8 * type.bytes - 1);
    const bool high = (bits & top) != 0;
    VARPHASE_CHECK(!high || type.is_signed || type.bytes < 8, ErrorKind::format,
                   "{}: entry {} is {}, over 2^63", what, i, bits);
    if (high && type.is_signed) bits |= ~(2 * top - 1);
    std::memcpy(wide.data() + i * sizeof bits, &bits, sizeof bits);
  }
  return wide;
}

/// Entries in row-major order of what lies column by column.
std::vector<std::byte> rows_first(std::span<const std::byte> columns,
                                  const std::vector<std::int64_t>& shape, std::size_t size) {
  std::vector<std::byte> rows(columns.size());
  std::vector<std::size_t> strides(shape.size(), 1);  // of the source, in entries
  for (std::size_t d = 1; d < shape.size(); ++d)
    strides[d] = strides[d - 1] * static_cast<std::size_t>(shape[d - 1]);
  std::vector<std::size_t> index(shape.size(), 0);
  std::size_t from = 0;
  for (std::size_t to = 0; to < columns.size(); to += size) {
    std::memcpy(rows.data() + to, columns.data() + from * size, size);
    for (std::size_t d = shape.size(); d-- > 0;) {
      from += strides[d];
      if (++index[d] < static_cast<std::size_t>(shape[d])) break;
      from -= strides[d] * index[d];
      index[d] = 0;
    }
  }
  return rows;
}

/// What a file's start says of the rest.
struct NpyStart {
  Array array;  // name, shape and type
  const NpyType* type = nullptr;
  bool columns_first = false;
  std::size_t data = 0;  // where the values begin
};

constexpr std::size_t kLongestHeader = 1U << 20U;

/// @param bytes the file's start, all of its header @param file_bytes all that there are
NpyStart parse_start(std::span<const std::byte> bytes, std::uint64_t file_bytes,
                     const std::string& name, const std::string& what) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  VARPHASE_CHECK(text.size() >= 12 && text.substr(0, kNpyMagic.size()) == kNpyMagic,
                 ErrorKind::format, "{}: is no .npy file", what);
  const int major = static_cast<unsigned char>(text[6]);
  VARPHASE_CHECK(major >= 1 && major <= 3 && text[7] == 0, ErrorKind::format,
                 "{}: .npy format {}.{} is not read, 1.0 to 3.0 are", what, major,
                 static_cast<int>(static_cast<unsigned char>(text[7])));
  std::uint32_t length = 0;
  const std::size_t length_bytes = major == 1 ? 2 : 4;
  std::memcpy(&length, bytes.data() + 8, length_bytes);
  const std::size_t start = 8 + length_bytes;
  VARPHASE_CHECK(length <= text.size() - start, ErrorKind::format,
                 "{}: a header of {} bytes in a member of {}", what, length, file_bytes);
  const NpyHeader header = NpyHeaderParser(text.substr(start, length), what).parse();
  NpyStart read;
  read.type = &npy_type_of(header.descr, what);
  read.columns_first = header.fortran_order && header.shape.size() > 1;
  read.data = start + length;
  const std::uint64_t wanted = foreign_bytes(header.shape, read.type->element, what) /
                               foreign_element_size(read.type->element) * read.type->bytes;
  VARPHASE_CHECK(file_bytes - read.data == wanted, ErrorKind::format,
                 "{}: {} bytes of data, shape [{}] wants {}", what, file_bytes - read.data,
                 fmt::join(header.shape, ", "), wanted);
  read.array.name = name;
  read.array.shape.assign(header.shape.begin(), header.shape.end());
  take_foreign({}, read.type->element, read.array, what);
  return read;
}

Array parse_npy(std::span<const std::byte> bytes, const std::string& name,
                const std::string& what) {
  NpyStart start = parse_start(bytes, bytes.size(), name, what);
  const NpyType& type = *start.type;
  std::span<const std::byte> data = bytes.subspan(start.data);
  std::vector<std::byte> turned, wide;
  if (start.columns_first) data = turned = rows_first(data, start.array.shape, type.bytes);
  if (type.widened) data = wide = widened(data, type, what);
  take_foreign(data, type.element, start.array, what);
  return std::move(start.array);
}

/// An archive of .npy files.
class NpzArchive {
 public:
  NpzArchive(std::span<const std::byte> file, const std::string& origin, const ReadLimits& limits)
      : zip_(file, origin), origin_(origin), file_bytes_(file.size()), limits_(limits) {}

  const std::vector<ZipMember>& members() const { return zip_.members(); }
  std::string named(const ZipMember& member) const { return zip_.named(member); }
  const ZipMember* find(const std::string& array) const {
    for (const ZipMember& member : members()) {
      if (member.name.size() == array.size() + kSuffix.size() && member.name.starts_with(array) &&
          member.name.ends_with(kSuffix))
        return &member;
    }
    return nullptr;
  }
  /// Before the first of them is unpacked.
  void check_sizes(const std::vector<const ZipMember*>& wanted) const {
    std::uint64_t total = 0;
    bool packed = false;
    for (const ZipMember* member : wanted) {
      total += member->size;
      packed = packed || member->deflated;
    }
    VARPHASE_CHECK(total <= kMaxFileBytes, ErrorKind::format,
                   "{}: more than {} bytes once unpacked, which is not read", origin_,
                   kMaxFileBytes);
    if (packed) check_unpacked(origin_, total, file_bytes_, limits_);
  }
  Array array(const ZipMember& member) const {
    return parse_npy(zip_.unpack(member),
                     member.name.substr(0, member.name.size() - kSuffix.size()), named(member));
  }

 private:
  ZipArchive zip_;
  std::string origin_;
  std::uint64_t file_bytes_;
  const ReadLimits& limits_;
};

FileBytes whole_file(const std::filesystem::path& path) {
  const InputFile file(path);
  VARPHASE_CHECK(file.size() <= kMaxFileBytes, ErrorKind::format,
                 "{}: {} bytes, at most {} are read", path.string(), file.size(), kMaxFileBytes);
  FileBytes bytes = FileBytes::of_size(file.size());
  file.read(0, {bytes.data.get(), bytes.size});
  return bytes;
}

}  // namespace

TensorFile parse_npz(std::span<const std::byte> file, const std::string& origin,
                     const ReadLimits& limits) {
  const NpzArchive archive(file, origin, limits);
  std::vector<const ZipMember*> all;
  for (const ZipMember& member : archive.members()) {
    const bool array = member.name.size() > kSuffix.size() && member.name.ends_with(kSuffix);
    VARPHASE_CHECK(array, ErrorKind::format,
                   "{} is no .npy: this is a ZIP archive, and no NPZ file", archive.named(member));
    all.push_back(&member);
  }
  archive.check_sizes(all);
  TensorFile read;
  for (const ZipMember* member : all) read.arrays.push_back(archive.array(*member));
  return read;
}

TensorFile read_npz(const std::filesystem::path& path, const ReadLimits& limits) {
  return parse_npz(whole_file(path).span(), path.string(), limits);
}

std::vector<std::optional<Array>> read_npz_arrays(const std::filesystem::path& path,
                                                  std::span<const std::vector<std::string>> wanted,
                                                  const ReadLimits& limits) {
  const FileBytes bytes = whole_file(path);
  const NpzArchive archive(bytes.span(), path.string(), limits);
  std::vector<const ZipMember*> found(wanted.size(), nullptr), there;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    for (const std::string& name : wanted[i]) {
      if (found[i] == nullptr) found[i] = archive.find(name);
    }
    if (found[i] != nullptr) there.push_back(found[i]);
  }
  archive.check_sizes(there);
  std::vector<std::optional<Array>> arrays(wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (found[i] != nullptr) arrays[i] = archive.array(*found[i]);
  }
  return arrays;
}

Array read_npy(const std::filesystem::path& path, const std::string& name) {
  return parse_npy(whole_file(path).span(), name, path.string());
}

NpyFile open_npy(const std::filesystem::path& path, const std::string& name) {
  const InputFile file(path);
  std::vector<std::byte> start(std::min<std::uint64_t>(file.size(), kLongestHeader));
  file.read(0, start);
  NpyStart read = parse_start(start, file.size(), name, path.string());
  return {std::move(read.array), read.columns_first, read.data};
}

}  // namespace varphase
