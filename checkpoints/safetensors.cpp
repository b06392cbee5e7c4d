// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/safetensors.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <set>
#include <string_view>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "checkpoints/file_bytes.hpp"
#include "checkpoints/foreign_elements.hpp"
#include "checkpoints/sealed_file.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/error.hpp"
#include "src/base/json.hpp"

namespace varphase {
namespace {

// Members by name, not by order: an object of 100,000 keys must not take 100,000 searches each.
using Header = nlohmann::json;

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // the format's own limit
constexpr std::size_t kMaxTensors = 100'000;
constexpr std::size_t kMaxEvents = 24 * kMaxTensors;  // keys, values, brackets
constexpr std::size_t kMaxDepth = 3;                  // root, tensor, shape
constexpr const char* kMetadata = "__metadata__";

struct NamedType {
  std::string_view name;
  ForeignElement element;
};
constexpr std::array<NamedType, 8> kTypes{{{"F32", ForeignElement::float32},
                                           {"F64", ForeignElement::float64},
                                           {"F16", ForeignElement::float16},
                                           {"BF16", ForeignElement::bfloat16},
                                           {"I64", ForeignElement::int64},
                                           {"I32", ForeignElement::int32},
                                           {"U8", ForeignElement::uint8},
                                           {"BOOL", ForeignElement::boolean}}};

/// Looks a header over before it takes memory: how much is in it, how deep, each key once an
/// object.
class HeaderCheck final : public nlohmann::json_sax<Header> {
 public:
  explicit HeaderCheck(const std::string& origin) : origin_(origin) {}

  bool null() override { return count(); }
  bool boolean(bool) override { return count(); }
  bool number_integer(number_integer_t) override { return count(); }
  bool number_unsigned(number_unsigned_t) override { return count(); }
  bool number_float(number_float_t, const string_t&) override { return count(); }
  bool string(string_t&) override { return count(); }
  bool binary(binary_t&) override { return count(); }
  bool start_object(std::size_t) override {
    keys_.emplace_back();
    return count();
  }
  bool key(string_t& name) override {
    VARPHASE_CHECK(keys_.back().insert(name).second, ErrorKind::format,
                   "{}: header has the key '{}' twice", origin_, printable(name));
    VARPHASE_CHECK(keys_.front().size() <= kMaxTensors, ErrorKind::format,
                   "{}: more than the {} tensors that are read", origin_, kMaxTensors);
    return count();
  }
  bool end_object() override {
    keys_.pop_back();
    return true;
  }
  bool start_array(std::size_t) override {
    keys_.emplace_back();
    return count();
  }
  bool end_array() override {
    keys_.pop_back();
    return true;
  }
  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception& error) override {
    fail(ErrorKind::format, "{}: header is no valid JSON: {}", origin_,
         printable(std::string_view(error.what())));
  }

 private:
  bool count() {
    VARPHASE_CHECK(++events_ <= kMaxEvents && keys_.size() <= kMaxDepth, ErrorKind::format,
                   "{}: header holds other things than tensors, or too much inside each other",
                   origin_);
    return true;
  }

  const std::string& origin_;
  std::vector<std::set<std::string>> keys_;  // of the objects that are open; of a list: none
  std::size_t events_ = 0;
};

Header parse_header(std::string_view text, const std::string& origin) {
  HeaderCheck check(origin);
  Header::sax_parse(text, &check);
  return Header::parse(text);
}

struct Entry {
  Array array;  // without its bytes
  ForeignElement element = ForeignElement::float32;
  std::uint64_t begin = 0, end = 0;
};

std::uint64_t whole(const Header& value, const std::string& what) {
  VARPHASE_CHECK(value.is_number_unsigned(), ErrorKind::format,
                 "{}: {} where a whole number from 0 on is wanted", what, printable(value.dump()));
  return value.get<std::uint64_t>();
}

Entry read_entry(const std::string& name, const Header& row, const std::string& origin) {
  const std::string what = fmt::format("{}: tensor '{}'", origin, printable(name));
  const bool whole_row = row.is_object() && row.size() == 3 && row.contains("dtype") &&
                         row.contains("shape") && row.contains("data_offsets");
  VARPHASE_CHECK(whole_row, ErrorKind::format, "{}: wants dtype, shape and data_offsets alone",
                 what);
  const Header& dtype = row["dtype"];
  const Header& shape = row["shape"];
  const Header& offsets = row["data_offsets"];
  VARPHASE_CHECK(dtype.is_string() && shape.is_array() && offsets.is_array() && offsets.size() == 2,
                 ErrorKind::format,
                 "{}: wants a text dtype, a list shape and two numbers data_offsets", what);
  const auto type = std::find_if(kTypes.begin(), kTypes.end(), [&](const NamedType& known) {
    return known.name == dtype.get_ref<const std::string&>();
  });
  VARPHASE_CHECK(type != kTypes.end(), ErrorKind::format,
                 "{}: element type {} is not read; F32, F64, F16, BF16, I64, I32, U8 and BOOL are",
                 what, printable(dtype.get<std::string>()));
  VARPHASE_CHECK(shape.size() <= kMaxForeignRank, ErrorKind::format,
                 "{}: {} extents, at most {} are read", what, shape.size(), kMaxForeignRank);
  Entry entry;
  entry.array.name = name;
  entry.element = type->element;
  std::vector<std::uint64_t> extents;
  for (const Header& extent : shape) extents.push_back(whole(extent, what));
  const std::uint64_t bytes = foreign_bytes(extents, entry.element, what);
  entry.array.shape.assign(extents.begin(), extents.end());
  entry.begin = whole(offsets[0], what);
  entry.end = whole(offsets[1], what);
  VARPHASE_CHECK(entry.begin <= entry.end && entry.end - entry.begin == bytes, ErrorKind::format,
                 "{}: data_offsets [{}, {}] for {} bytes of shape [{}]", what, entry.begin,
                 entry.end, bytes, fmt::join(extents, ", "));
  return entry;
}

/// Each byte of the data belongs to one tensor.
void check_covered(const std::vector<Entry>& entries, std::uint64_t data,
                   const std::string& origin) {
  std::uint64_t end = 0;
  for (const Entry& entry : entries) {
    VARPHASE_CHECK(
        entry.begin == end, ErrorKind::format,
        "{}: tensor '{}' begins at byte {} of the data, the one before it ends at {}: {}", origin,
        printable(entry.array.name), entry.begin, end,
        entry.begin < end ? "they overlap" : "there is a hole");
    end = entry.end;
  }
  VARPHASE_CHECK(end == data, ErrorKind::format, "{}: {} bytes of data, its tensors take {}: {}",
                 origin, data, end, end > data ? "the file is truncated" : "bytes are left over");
}

std::string_view name_of(ElementType type) {
  switch (type) {
    case ElementType::float64:
      return "F64";
    case ElementType::int64:
      return "I64";
    case ElementType::float32:
      return "F32";
    case ElementType::int32:
      return "I32";
    case ElementType::uint8:
      return "U8";
  }
  return "";
}

/// Place in the reference writer's order.
int rank_of(ElementType type) {
  switch (type) {
    case ElementType::int64:
      return 0;
    case ElementType::float64:
      return 1;
    case ElementType::float32:
      return 2;
    case ElementType::int32:
      return 3;
    case ElementType::uint8:
      return 4;
  }
  return 5;
}

std::vector<const Array*> writing_order(const std::vector<Array>& arrays) {
  std::vector<const Array*> order;
  order.reserve(arrays.size());
  for (const Array& array : arrays) order.push_back(&array);
  std::sort(order.begin(), order.end(), [](const Array* a, const Array* b) {
    if (rank_of(a->type) != rank_of(b->type)) return rank_of(a->type) < rank_of(b->type);
    return a->name < b->name;
  });
  return order;
}

}  // namespace

TensorFile parse_safetensors(std::span<const std::byte> file, const std::string& origin) {
  VARPHASE_CHECK(file.size() >= kLengthBytes, ErrorKind::format,
                 "{}: {} bytes are too few for a safetensors file", origin, file.size());
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), kLengthBytes);
  VARPHASE_CHECK(length <= kMaxHeaderBytes, ErrorKind::format,
                 "{}: no safetensors file, or a damaged one: its header would have {} bytes, at "
                 "most {} are allowed\n  safetensors and NPZ files are read",
                 origin, length, kMaxHeaderBytes);
  VARPHASE_CHECK(length <= file.size() - kLengthBytes, ErrorKind::format,
                 "{}: truncated: a header of {} bytes in a file of {}", origin, length,
                 file.size());
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + kLengthBytes, length);
  VARPHASE_CHECK(!text.empty() && text.front() == '{', ErrorKind::format,
                 "{}: no safetensors file: its header does not begin with {{", origin);
  const Header header = parse_header(text, origin);

  TensorFile read;
  std::vector<Entry> entries;
  for (const auto& item : header.items()) {
    if (item.key() != kMetadata) {
      entries.push_back(read_entry(item.key(), item.value(), origin));
      continue;
    }
    VARPHASE_CHECK(item.value().is_object(), ErrorKind::format, "{}: {} is no object", origin,
                   kMetadata);
    for (const auto& text_item : item.value().items()) {
      VARPHASE_CHECK(text_item.value().is_string(), ErrorKind::format, "{}: {}: '{}' is no text",
                     origin, kMetadata, printable(text_item.key()));
      read.metadata[text_item.key()] = text_item.value().get<std::string>();
    }
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  const std::span<const std::byte> data = file.subspan(kLengthBytes + length);
  check_covered(entries, data.size(), origin);
  for (Entry& entry : entries) {
    const std::string what = fmt::format("{}: tensor '{}'", origin, printable(entry.array.name));
    take_foreign(data.subspan(entry.begin, entry.end - entry.begin), entry.element, entry.array,
                 what);
    read.arrays.push_back(std::move(entry.array));
  }
  return read;
}

TensorFile read_safetensors(const std::filesystem::path& path) {
  const InputFile file(path);
  VARPHASE_CHECK(file.size() <= kMaxFileBytes, ErrorKind::format,
                 "{}: {} bytes, at most {} are read", path.string(), file.size(), kMaxFileBytes);
  const FileBytes bytes = FileBytes::of_size(file.size());
  file.read(0, {bytes.data.get(), bytes.size});
  return parse_safetensors(bytes.span(), path.string());
}

std::string safetensors_header(const std::vector<Array>& arrays,
                               const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[kMetadata] = metadata;
  std::set<std::string_view> names;
  std::uint64_t offset = 0;
  for (const Array* array : writing_order(arrays)) {
    VARPHASE_CHECK(names.insert(array->name).second && array->name != kMetadata, ErrorKind::format,
                   "tensor '{}' cannot be written: there are two of that name", array->name);
    const std::uint64_t end = offset + array->bytes.size();
    header[array->name] = {
        {"dtype", name_of(array->type)}, {"shape", array->shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = json_text(header, -1);
  text.append((kLengthBytes - text.size() % kLengthBytes) % kLengthBytes, ' ');
  const std::uint64_t length = text.size();
  std::string bytes(kLengthBytes, '\0');
  std::memcpy(bytes.data(), &length, kLengthBytes);
  return bytes + text;
}

std::int64_t write_safetensors(const std::filesystem::path& path, const std::vector<Array>& arrays,
                               const std::map<std::string, std::string>& metadata) {
  std::string bytes = safetensors_header(arrays, metadata);
  for (const Array* array : writing_order(arrays))
    bytes.append(reinterpret_cast<const char*>(array->bytes.data()), array->bytes.size());
  write_atomically(path, [&](const std::filesystem::path& temporary) {
    write_new_file(temporary, {std::as_bytes(std::span(bytes))});
  });
  return static_cast<std::int64_t>(bytes.size());
}

}  // namespace varphase
