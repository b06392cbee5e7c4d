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

constexpr std::string_view kMagic("\x93NUMPY", 6);
constexpr std::string_view kSuffix = ".npy";

struct NamedType {
  std::string_view descr;
  ForeignElement element;
};
constexpr std::array<NamedType, 7> kTypes{{{"<f4", ForeignElement::float32},
                                           {"<f8", ForeignElement::float64},
                                           {"<f2", ForeignElement::float16},
                                           {"<i8", ForeignElement::int64},
                                           {"<i4", ForeignElement::int32},
                                           {"|u1", ForeignElement::uint8},
                                           {"|b1", ForeignElement::boolean}}};

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

ForeignElement element_of(const std::string& descr, const std::string& what) {
  const auto type = std::find_if(kTypes.begin(), kTypes.end(),
                                 [&](const NamedType& known) { return known.descr == descr; });
  if (type != kTypes.end()) return type->element;
  const bool objects = descr.find('O') != std::string::npos;
  const bool big = !descr.empty() && descr.front() == '>';
  fail(ErrorKind::format, "{}: element type {} is not read{}\n  {}", what, printable(descr),
       objects ? " (pickled Python objects)"
       : big   ? " (big-endian)"
               : "",
       "<f4, <f8, <f2, <i8, <i4, |u1 and |b1 are: numpy's astype makes one of them");
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

Array parse_npy(std::span<const std::byte> bytes, const std::string& name,
                const std::string& what) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  VARPHASE_CHECK(text.size() >= 12 && text.substr(0, kMagic.size()) == kMagic, ErrorKind::format,
                 "{}: is no .npy file", what);
  const int major = static_cast<unsigned char>(text[6]);
  VARPHASE_CHECK(major >= 1 && major <= 3 && text[7] == 0, ErrorKind::format,
                 "{}: .npy format {}.{} is not read, 1.0 to 3.0 are", what, major,
                 static_cast<int>(static_cast<unsigned char>(text[7])));
  std::uint32_t length = 0;
  const std::size_t length_bytes = major == 1 ? 2 : 4;
  std::memcpy(&length, bytes.data() + 8, length_bytes);
  const std::size_t start = 8 + length_bytes;
  VARPHASE_CHECK(length <= text.size() - start, ErrorKind::format,
                 "{}: a header of {} bytes in a member of {}", what, length, text.size());
  const NpyHeader header = NpyHeaderParser(text.substr(start, length), what).parse();
  const ForeignElement element = element_of(header.descr, what);
  const std::span<const std::byte> data = bytes.subspan(start + length);
  const std::uint64_t wanted = foreign_bytes(header.shape, element, what);
  VARPHASE_CHECK(data.size() == wanted, ErrorKind::format,
                 "{}: {} bytes of data, shape [{}] wants {}", what, data.size(),
                 fmt::join(header.shape, ", "), wanted);
  Array array;
  array.name = name;
  array.shape.assign(header.shape.begin(), header.shape.end());
  if (header.fortran_order && array.shape.size() > 1) {
    take_foreign(rows_first(data, array.shape, foreign_element_size(element)), element, array,
                 what);
  } else {
    take_foreign(data, element, array, what);
  }
  return array;
}

}  // namespace

TensorFile parse_npz(std::span<const std::byte> file, const std::string& origin) {
  TensorFile read;
  std::uint64_t total = 0;
  for (const ZipMember& member : zip_members(file, origin)) {
    const std::string what = fmt::format("{}: member '{}'", origin, printable(member.name));
    const bool array = member.name.size() > kSuffix.size() && member.name.ends_with(kSuffix);
    VARPHASE_CHECK(array, ErrorKind::format,
                   "{} is no .npy: this is a ZIP archive, and no NPZ file", what);
    total += member.size;
    VARPHASE_CHECK(total <= kMaxFileBytes, ErrorKind::format,
                   "{}: more than {} bytes once unpacked, which is not read", origin,
                   kMaxFileBytes);
    read.arrays.push_back(parse_npy(
        unpack(member, origin), member.name.substr(0, member.name.size() - kSuffix.size()), what));
  }
  return read;
}

TensorFile read_npz(const std::filesystem::path& path) {
  const InputFile file(path);
  VARPHASE_CHECK(file.size() <= kMaxFileBytes, ErrorKind::format,
                 "{}: {} bytes, at most {} are read", path.string(), file.size(), kMaxFileBytes);
  const FileBytes bytes = FileBytes::of_size(file.size());
  file.read(0, {bytes.data.get(), bytes.size});
  return parse_npz(bytes.span(), path.string());
}

}  // namespace varphase
