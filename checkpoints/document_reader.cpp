// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/document_reader.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <set>

#include <fmt/ranges.h>

#include "checkpoints/document_bytes.hpp"
#include "checkpoints/document_objects.hpp"
#include "checkpoints/hdf5_limits.hpp"
#include "checkpoints/sealed_file.hpp"

namespace varphase {
namespace {

constexpr std::size_t kFletcherBytes = 4;
constexpr unsigned kFletcherFilter = 3;

// How HDF5 writes the element types that we write, behind the byte of class and version.
struct StoredForm {
  ElementType type;
  std::uint8_t kind;  // HDF5's class of types
  std::array<std::uint8_t, 3> bits;
  std::uint32_t size;
  std::vector<std::uint8_t> properties;
};

const std::array<StoredForm, 5>& stored_forms() {
  static const std::array<StoredForm, 5> types{
      {{ElementType::float32, 1, {0x20, 31, 0}, 4, {0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0}},
       {ElementType::float64, 1, {0x20, 63, 0}, 8, {0, 0, 64, 0, 52, 11, 0, 52, 0xff, 3, 0, 0}},
       {ElementType::int64, 0, {0x08, 0, 0}, 8, {0, 0, 64, 0}},
       {ElementType::int32, 0, {0x08, 0, 0}, 4, {0, 0, 32, 0}},
       {ElementType::uint8, 0, {0x00, 0, 0}, 1, {0, 0, 8, 0}}}};
  return types;
}

/// A type of the table above; a text of fixed length; or something else.
struct FoundType {
  std::optional<ElementType> element;
  std::optional<std::uint32_t> text;  // its length
};

FoundType type_of(std::span<const std::byte> message, const Hdf5Place& place) {
  Cursor cursor(message, place);
  const unsigned kind_and_version = cursor.byte();
  const unsigned kind = kind_and_version & 0x0fU, version = kind_and_version >> 4U;
  std::array<std::uint8_t, 3> bits{};
  for (std::uint8_t& byte : bits) byte = cursor.byte();
  const auto size = static_cast<std::uint32_t>(cursor.number(4));
  FoundType found;
  if (version != 1 && version != 3) return found;
  constexpr unsigned kTextKind = 3, kPaddings = 3, kLetters = 2;
  if (kind == kTextKind) {
    const bool known =
        (bits[0] & 0x0fU) < kPaddings && bits[0] >> 4U < kLetters && bits[1] == 0 && bits[2] == 0;
    if (known) found.text = size;
    cursor.end("type");
    return found;
  }
  for (const StoredForm& stored : stored_forms()) {
    if (stored.kind != kind || stored.bits != bits || stored.size != size ||
        stored.properties.size() > cursor.left())
      continue;
    const std::span<const std::byte> properties = cursor.bytes(stored.properties.size());
    if (std::memcmp(properties.data(), stored.properties.data(), properties.size()) != 0)
      return found;
    cursor.end("type");
    found.element = stored.type;
    return found;
  }
  return found;
}

/// Extents of a dataspace; none where it is a scalar's or holds nothing.
std::optional<std::vector<std::uint64_t>> shape_of(std::span<const std::byte> message,
                                                   const Hdf5Place& place) {
  Cursor cursor(message, place);
  constexpr unsigned kSimple = 1, kHasMost = 1;
  const unsigned version = cursor.byte();
  const std::size_t rank = cursor.byte();
  const unsigned flags = cursor.byte();
  unsigned kind = cursor.byte();
  if (version == 1) {  // older: a scalar is what has no axes
    cursor.expect(4, 0, "dataspace's reserve");
    kind = rank == 0 ? 0 : kSimple;
  } else if (version != 2) {
    place.fail("its dataspace is of version {}, wants 2", version);
  }
  if (flags > kHasMost) place.fail("its dataspace has flags {}", flags);
  if (kind != kSimple) {
    if (rank != 0 || kind > 2) place.fail("its dataspace is of kind {} and rank {}", kind, rank);
    cursor.end("dataspace");
    return std::nullopt;
  }
  std::vector<std::uint64_t> shape;
  for (std::size_t axis = 0; axis < rank; ++axis) shape.push_back(cursor.number(8));
  if (flags == kHasMost) cursor.bytes(rank * 8);
  cursor.end("dataspace");
  return shape;
}

bool is_scalar(std::span<const std::byte> message, const Hdf5Place& place) {
  constexpr std::byte kNothing{2};  // a dataspace without any value
  return !shape_of(message, place) && message[3] != kNothing;
}

/// Where an array's chunks are found.
struct Layout {
  std::vector<std::uint64_t> chunk;
  unsigned flags = 0;
  unsigned index = 0;                  // 1: the only chunk; 3: a table of all
  std::span<const std::byte> details;  // of the index, its address last
};
constexpr unsigned kOnlyChunk = 1, kTable = 3;
constexpr unsigned kOnlyChunkFiltered = 0x02;

class ImageReader {
 public:
  ImageReader(std::span<const std::byte> image, const std::string& path, bool with_values)
      : with_values_(with_values), place_{path, "the whole file"}, image_(image, place_) {
    const std::optional<std::uint64_t> end = hdf5_end(image);
    if (!end) place_.fail("does not start with a superblock of version 3");
    if (*end != image.size())
      place_.fail("its superblock wants {} bytes, got {}", *end, image.size());
  }

  Document read() {
    constexpr std::size_t kSuperblockBytes = 48, kSizesEnd = 7;
    Cursor superblock(image_.structure(0, kSuperblockBytes, "\x89HDF"), place_);
    superblock.bytes(kSizesEnd);  // were looked at by hdf5_end
    superblock.expect(1, 0, "superblock's flags");
    superblock.expect(kAddressBytes, 0, "superblock's base");
    superblock.expect(kAddressBytes, kNowhere, "superblock's extension");
    superblock.number(kAddressBytes);
    const std::uint64_t address = superblock.number(kAddressBytes);
    const std::vector<Message> root = object_at(address);
    if (!is_group(root)) place_.fail("its root is no group");
    read_root_attributes(root);
    read_group(root, "", 0);
    return std::move(document_);
  }

 private:
  /// Refuses an object that was met before, so that no loop of hard links is followed.
  std::vector<Message> object_at(std::uint64_t address) {
    if (!visited_.insert(address).second) place_.fail("is an object that has another name too");
    if (visited_.size() > kMaxObjects) place_.fail("more than {} objects", kMaxObjects);
    return read_object_header(image_, address, place_);
  }

  static bool has(const std::vector<Message>& messages, MessageKind kind) {
    return std::any_of(messages.begin(), messages.end(),
                       [kind](const Message& message) { return message.kind == kind; });
  }
  static bool is_group(const std::vector<Message>& messages) {
    return has(messages, MessageKind::link_info) && !has(messages, MessageKind::dataspace);
  }
  static bool is_dataset(const std::vector<Message>& messages) {
    return has(messages, MessageKind::dataspace) && has(messages, MessageKind::layout) &&
           !has(messages, MessageKind::link_info);
  }

  /// Links or attributes: the messages themselves, or what lies in a dense storage.
  std::vector<std::span<const std::byte>> entries(std::vector<Message> messages, DenseKind kind,
                                                  std::size_t most) {
    const bool links = kind == DenseKind::links;
    const MessageKind wanted = links ? MessageKind::link : MessageKind::attribute;
    std::erase_if(messages, [wanted](const Message& message) { return message.kind != wanted; });
    return in_order(std::move(messages), most);
  }

  std::vector<std::span<const std::byte>> in_order(std::vector<Message> messages,
                                                   std::size_t most) {
    if (messages.size() > most) place_.fail("has {} entries, at most {}", messages.size(), most);
    std::stable_sort(messages.begin(), messages.end(),
                     [](const Message& a, const Message& b) { return a.order < b.order; });
    std::vector<std::span<const std::byte>> found;
    found.reserve(messages.size());
    for (const Message& message : messages) found.push_back(message.body);
    return found;
  }

  /// Where links or attributes lie that are too many for the header; none where they are few.
  std::optional<DenseStorage> dense_storage(const std::vector<Message>& messages,
                                            MessageKind kind) {
    const auto info = one_message(messages, kind, place_);
    if (!info) return std::nullopt;
    Cursor cursor(*info, place_);
    cursor.expect(1, 0, "list's version");
    constexpr unsigned kTracked = 1, kIndexed = 2;
    const unsigned flags = cursor.byte();
    if (flags > (kTracked | kIndexed)) place_.fail("its list of entries has flags {}", flags);
    if ((flags & kTracked) != 0) cursor.bytes(kind == MessageKind::link_info ? 8 : 2);
    DenseStorage storage;
    storage.heap = cursor.number(kAddressBytes);
    cursor.number(kAddressBytes);  // the tree of names
    storage.by_order = (flags & kIndexed) != 0 ? cursor.number(kAddressBytes) : kNowhere;
    cursor.end("list of entries");
    if (storage.heap == kNowhere) return std::nullopt;
    if (storage.by_order == kNowhere) place_.fail("keeps its entries in no order of creation");
    return storage;
  }

  // ---- attributes

  std::vector<std::pair<std::string, Attribute>> attributes_of(
      const std::vector<Message>& messages) {
    std::vector<std::span<const std::byte>> found =
        entries(messages, DenseKind::attributes, kMaxAttributes);
    if (const auto dense = dense_storage(messages, MessageKind::attribute_info)) {
      if (!found.empty()) place_.fail("keeps attributes in two places");
      found = read_dense(image_, *dense, DenseKind::attributes, kMaxAttributes, place_);
    }
    std::vector<std::pair<std::string, Attribute>> attributes;
    std::set<std::string> names;
    attributes.reserve(found.size());
    for (const std::span<const std::byte> message : found) {
      attributes.push_back(read_attribute(message));
      if (!names.insert(attributes.back().first).second)
        place_.fail("attribute {} is there twice", printable(attributes.back().first));
    }
    return attributes;
  }

  std::pair<std::string, Attribute> read_attribute(std::span<const std::byte> message) {
    Cursor cursor(message, place_);
    // Version 1 is what h5py writes into a file of ours unless told otherwise.
    const unsigned version = cursor.byte();
    if (version < 1 || version > 3)
      place_.fail("its attribute is of version {}, wants 1 to 3", version);
    const unsigned flags = cursor.byte();
    const std::uint64_t name_bytes = cursor.number(2), type_bytes = cursor.number(2),
                        space_bytes = cursor.number(2);
    if (version == 3) cursor.number(1);  // letters of the name
    const auto part = [&](std::uint64_t bytes) {
      const std::span<const std::byte> taken = cursor.bytes(bytes);
      if (version == 1) cursor.bytes((8 - bytes % 8) % 8);
      return taken;
    };
    const std::string name = text_of(part(name_bytes), "attribute's name");
    if (!is_name_part(name))
      place_.fail("attribute {} is no name that Varphase writes", printable(name));
    const std::span<const std::byte> type = part(type_bytes);
    const std::span<const std::byte> space = part(space_bytes);
    if (flags != 0 || !is_scalar(space, place_))
      place_.fail("attribute {} is no single value", name);
    const FoundType found = type_of(type, place_);
    if (found.element == ElementType::int64) return {name, number_of<std::int64_t>(cursor)};
    if (found.element == ElementType::float64) return {name, number_of<double>(cursor)};
    if (!found.text || *found.text == 0 ||
        *found.text > std::min<std::uint64_t>(kMaxText, image_.size())) {
      place_.fail(
          "attribute {} is neither an int64, nor a float64, nor a text of fixed length up to {} "
          "bytes",
          name, kMaxText);
    }
    const std::span<const std::byte> value = cursor.bytes(*found.text);
    cursor.end("attribute");
    std::string text(reinterpret_cast<const char*>(value.data()), value.size());
    text.resize(std::min(text.find('\0'), text.size()));
    return {name, text};
  }

  /// A name with the zero byte behind it.
  std::string text_of(std::span<const std::byte> bytes, const char* what) const {
    if (bytes.empty() || bytes.back() != std::byte{0}) place_.fail("its {} has no end", what);
    std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    text.resize(text.find('\0'));
    return text;
  }

  template <class T>
  static T number_of(Cursor& cursor) {
    T value;
    std::memcpy(&value, cursor.bytes(sizeof value).data(), sizeof value);
    cursor.end("attribute");
    return value;
  }

  void read_root_attributes(const std::vector<Message>& root) {
    for (auto& [name, value] : attributes_of(root)) {
      if (name == "kind" && std::holds_alternative<std::string>(value)) {
        document_.kind = std::get<std::string>(value);
      } else if (name == "format_version" || name == "complete") {
        const std::int64_t wanted = name == "complete" ? 1 : kFormatVersion;
        const auto* got = std::get_if<std::int64_t>(&value);
        if (got == nullptr || *got != wanted) {
          place_.fail("attribute {} is {}, wants {}", name,
                      got != nullptr ? std::to_string(*got) : "no whole number", wanted);
        }
        (name == "complete" ? complete_ : versioned_) = true;
      } else {
        document_.attributes.emplace_back(name, std::move(value));
      }
    }
    if (document_.kind.empty() || !versioned_ || !complete_) {
      place_.fail("attribute {} is missing", document_.kind.empty() ? "kind"
                                             : versioned_           ? "complete"
                                                                    : "format_version");
    }
  }

  // ---- groups

  struct Link {
    std::string name;
    std::uint64_t order = 0;
    unsigned kind = 0;
    std::uint64_t address = 0;
  };
  static constexpr unsigned kHard = 0, kSoft = 1, kExternal = 64;

  Link read_link(std::span<const std::byte> message) {
    constexpr unsigned kNameWidth = 0x03, kHasOrder = 0x04, kHasKind = 0x08, kHasLetters = 0x10;
    Cursor cursor(message, place_);
    cursor.expect(1, 1, "link's version");
    const unsigned flags = cursor.byte();
    if (flags > (kNameWidth | kHasOrder | kHasKind | kHasLetters))
      place_.fail("a link of it has flags {}", flags);
    Link link;
    if ((flags & kHasKind) != 0) link.kind = cursor.byte();
    if ((flags & kHasOrder) != 0) link.order = cursor.number(8);
    if ((flags & kHasLetters) != 0) cursor.number(1);
    const std::uint64_t length = cursor.number(std::size_t{1} << (flags & kNameWidth));
    const std::span<const std::byte> name = cursor.bytes(length);
    link.name.assign(reinterpret_cast<const char*>(name.data()), name.size());
    if (link.kind == kHard) {
      link.address = cursor.number(kAddressBytes);
      cursor.end("link");
    }
    return link;
  }

  std::vector<Link> links_of(const std::vector<Message>& messages) {
    std::vector<std::span<const std::byte>> found =
        entries(messages, DenseKind::links, kMaxObjects);
    if (const auto dense = dense_storage(messages, MessageKind::link_info)) {
      if (!found.empty()) place_.fail("keeps links in two places");
      found = read_dense(image_, *dense, DenseKind::links, kMaxObjects, place_);
    }
    std::vector<Link> links;
    std::set<std::string> names;
    links.reserve(found.size());
    for (const std::span<const std::byte> message : found) {
      links.push_back(read_link(message));
      if (!names.insert(links.back().name).second)
        place_.fail("link {} is there twice", printable(links.back().name));
    }
    std::stable_sort(links.begin(), links.end(),
                     [](const Link& a, const Link& b) { return a.order < b.order; });
    return links;
  }

  void read_group(const std::vector<Message>& group, const std::string& prefix, std::size_t depth) {
    if (depth > kMaxDepth) place_.fail("more than {} groups inside each other", kMaxDepth);
    for (const Link& link : links_of(group)) {
      const std::string name = prefix + link.name;
      place_.object = fmt::format("object /{}", printable(name));
      if (!is_name_part(link.name)) place_.fail("is no name that Varphase writes");
      if (link.kind != kHard) {
        place_.fail("is {} link, only hard links are read", link.kind == kSoft ? "a soft"
                                                            : link.kind == kExternal
                                                                ? "an external"
                                                                : "an unknown kind of");
      }
      const std::vector<Message> object = object_at(link.address);
      if (is_group(object)) {
        place_.object = fmt::format("group /{}", printable(name));
        if (!attributes_of(object).empty())
          place_.fail("has attributes; only the file and its datasets have");
        read_group(object, name + "/", depth + 1);
      } else if (is_dataset(object)) {
        place_.object = fmt::format("dataset /{}", printable(name));
        read_dataset(object, name);
      } else {
        place_.fail("is neither a group nor a dataset");
      }
    }
  }

  // ---- arrays

  void read_dataset(const std::vector<Message>& messages, const std::string& name) {
    Array array;
    array.name = name;
    const Layout layout = read_layout(messages);
    const auto type = one_message(messages, MessageKind::datatype, place_);
    const FoundType found = type ? type_of(*type, place_) : FoundType{};
    if (!found.element)
      place_.fail(
          "has another element type than little-endian float32, float64, int64, int32, uint8");
    array.type = *found.element;
    const std::vector<std::uint64_t> shape =
        shape_of(*one_message(messages, MessageKind::dataspace, place_), place_)
            .value_or(std::vector<std::uint64_t>());
    if (shape.empty() || shape.size() > kMaxRank)
      place_.fail("has rank {}, wants 1 to {}", shape.size(), kMaxRank);
    const std::uint64_t bytes = check_size(layout, shape, element_size(array.type));
    array.shape.assign(shape.begin(), shape.end());
    for (auto& [key, value] : attributes_of(messages)) {
      auto* text = std::get_if<std::string>(&value);
      if (key == "dims" && text != nullptr) {
        array.dims = std::move(*text);
      } else if (key == "unit" && text != nullptr) {
        array.unit = std::move(*text);
      } else if (key == "scalar" && text == nullptr && shape.size() == 1 && shape.front() == 1) {
        array.shape.clear();
      } else {
        place_.fail("attribute {} is not known here", printable(key));
      }
    }
    read_chunks(layout, shape, element_size(array.type), bytes, array);
    document_.arrays.push_back(std::move(array));
  }

  Layout read_layout(const std::vector<Message>& messages) {
    constexpr unsigned kChunked = 2, kVirtual = 3;
    Cursor cursor(*one_message(messages, MessageKind::layout, place_), place_);
    const unsigned version = cursor.byte();
    const unsigned kind = cursor.byte();
    if (kind == kVirtual) place_.fail("is a virtual dataset, its values lie in other files");
    if (has(messages, MessageKind::external_files))
      place_.fail("has external storage, its values lie in other files");
    if (kind != kChunked) place_.fail("is not chunked, so that it has no checksum");
    if (version != 4) place_.fail("its layout is of version {}, wants 4", version);
    check_filters(messages);
    Layout layout;
    layout.flags = cursor.byte();
    const std::size_t rank = cursor.byte();  // with an axis for the bytes of an element
    const std::size_t width = cursor.byte();
    if (rank < 2 || width < 1 || width > 8)
      place_.fail("its layout has {} axes, numbers of {} bytes", rank, width);
    for (std::size_t axis = 0; axis < rank; ++axis) layout.chunk.push_back(cursor.number(width));
    layout.index = cursor.byte();
    layout.details = cursor.bytes(cursor.left());
    return layout;
  }

  void check_filters(const std::vector<Message>& messages) {
    const auto message = one_message(messages, MessageKind::filters, place_);
    if (!message) place_.fail("has 0 filters, wants one (fletcher32)");
    Cursor cursor(*message, place_);
    cursor.expect(1, 2, "filters' version");
    const unsigned count = cursor.byte();
    if (count != 1) place_.fail("has {} filters, wants one (fletcher32)", count);
    const std::uint64_t filter = cursor.number(2);
    if (filter != kFletcherFilter) place_.fail("has filter {}, wants fletcher32", filter);
    cursor.expect(2, 0, "filter's flags");
    cursor.expect(2, 0, "filter's number of values");
    cursor.end("filters");
  }

  static std::string list_text(std::span<const std::uint64_t> list) {
    return fmt::format("[{}]", fmt::join(list, ", "));
  }

  /// Bytes of the values, after it is sure that the file can hold every one of them.
  std::uint64_t check_size(const Layout& layout, const std::vector<std::uint64_t>& shape,
                           std::size_t element) {
    const std::span<const std::uint64_t> chunk(layout.chunk.data(), layout.chunk.size() - 1);
    if (chunk.size() != shape.size() || layout.chunk.back() != element)
      place_.fail("is stored in chunks of another rank or element");
    std::uint64_t bytes = element, chunk_bytes = element;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      if (chunk[axis] == 0) place_.fail("has chunks of extent 0");
      bytes = product(bytes, shape[axis]);
      chunk_bytes = product(chunk_bytes, chunk[axis]);
    }
    const auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    const bool empty = std::find(shape.begin(), shape.end(), 0U) != shape.end();
    if (empty) bytes = 0;
    for (const std::uint64_t extent : shape) {
      if (extent > most) bytes = kNowhere;
    }
    total_bytes_ = bytes > image_.size() ? bytes : total_bytes_ + bytes;
    if (total_bytes_ > image_.size() || chunk_bytes > image_.size() + kChunkBytes) {
      place_.fail("declares shape {} in chunks {}, more than the file's {} bytes can hold",
                  list_text(shape), list_text(chunk), image_.size());
    }
    return bytes;
  }

  struct Chunk {
    std::uint64_t address = kNowhere;
    std::uint64_t bytes = 0;
    std::uint64_t mask = 0;  // of the filters that were left out
  };

  /// The chunks of an array, in its order.
  std::vector<Chunk> chunks_of(const Layout& layout, std::uint64_t count) {
    Cursor details(layout.details, place_);
    std::vector<Chunk> chunks;
    if (layout.index == kOnlyChunk) {
      if (count != 1 || layout.flags != kOnlyChunkFiltered)
        place_.fail("is stored as one chunk, wants {}", count);
      Chunk chunk;
      chunk.bytes = details.number(8);
      chunk.mask = details.number(4);
      chunk.address = details.number(kAddressBytes);
      details.end("layout");
      return {chunk};
    }
    if (layout.index != kTable || layout.flags != 0)
      place_.fail("finds its chunks by an index of kind {}", layout.index);
    const std::uint64_t page_bits = details.number(1);
    const std::uint64_t table = details.number(kAddressBytes);
    details.end("layout");
    if (table == kNowhere) return {};
    return read_table(table, page_bits, count);
  }

  /// HDF5's "fixed array": a header, and a block that holds the entries or, where they are many,
  /// is followed by pages of them.
  std::vector<Chunk> read_table(std::uint64_t address, std::uint64_t page_bits,
                                std::uint64_t count) {
    constexpr std::size_t kHeaderBytes = 28;
    Cursor header(image_.structure(address, kHeaderBytes, "FAHD"), place_);
    header.expect(1, 0, "table's version");
    header.expect(1, 1, "table's kind");
    const std::size_t entry = header.byte();
    header.expect(1, page_bits, "table's size of pages");
    header.expect(8, count, "table's number of chunks");
    const std::uint64_t block = header.number(kAddressBytes);
    constexpr std::size_t kLeast = kAddressBytes + 1 + 4, kMost = kAddressBytes + 8 + 4;
    if (entry < kLeast || entry > kMost || page_bits < 1 || page_bits > 32)
      place_.fail("its table of chunks has entries of {} bytes", entry);
    if (product(count, entry) > image_.size())
      place_.fail("is damaged: a table of {} chunks", count);
    const std::uint64_t in_page = std::uint64_t{1} << page_bits;
    const bool paged = count > in_page;
    const std::uint64_t pages = paged ? count / in_page + (count % in_page != 0 ? 1 : 0) : 0;
    const std::uint64_t flags = (pages + 7) / 8;  // which pages were ever written
    constexpr std::size_t kBlockHead = 4 + 2 + kAddressBytes, kChecksum = 4;
    const std::uint64_t own = kBlockHead + flags + (paged ? 0 : count * entry) + kChecksum;
    Cursor cursor(image_.structure(block, own, "FADB"), place_);
    cursor.expect(1, 0, "table's version");
    cursor.expect(1, 1, "table's kind");
    cursor.expect(kAddressBytes, address, "table's header");
    std::vector<Chunk> chunks;
    if (!paged) {
      append_entries(cursor, count, entry, chunks);
      return chunks;
    }
    const std::span<const std::byte> written = cursor.bytes(flags);
    std::uint64_t next = block + own;
    for (std::uint64_t page = 0; page < pages; ++page) {
      const std::uint64_t here = std::min(in_page, count - page * in_page);
      const unsigned bit = 0x80U >> (page % 8);
      if ((std::to_integer<unsigned>(written[page / 8]) & bit) == 0) {
        chunks.resize(chunks.size() + here);
      } else {
        Cursor entries(image_.structure(next, here * entry + kChecksum, ""), place_);
        append_entries(entries, here, entry, chunks);
      }
      next += in_page * entry + kChecksum;
    }
    return chunks;
  }

  static void append_entries(Cursor& cursor, std::uint64_t count, std::size_t entry,
                             std::vector<Chunk>& chunks) {
    for (std::uint64_t i = 0; i < count; ++i) {
      Chunk chunk;
      chunk.address = cursor.number(kAddressBytes);
      chunk.bytes = cursor.number(entry - kAddressBytes - 4);
      chunk.mask = cursor.number(4);
      chunks.push_back(chunk);
    }
  }

  void read_chunks(const Layout& layout, const std::vector<std::uint64_t>& shape,
                   std::size_t element, std::uint64_t bytes, Array& array) {
    const std::span<const std::uint64_t> chunk(layout.chunk.data(), shape.size());
    std::uint64_t count = 1, chunk_bytes = element;
    std::size_t split = 0;  // the axis along which a chunk is a part of the array
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      count = product(count, shape[axis] / chunk[axis] + (shape[axis] % chunk[axis] != 0 ? 1 : 0));
      chunk_bytes = product(chunk_bytes, chunk[axis]);
    }
    if (bytes == 0) return;
    const std::vector<Chunk> chunks = chunks_of(layout, count);
    std::uint64_t stored = 0;
    for (const Chunk& one : chunks) stored += one.address == kNowhere ? 0 : one.bytes;
    const std::uint64_t with_checksum = chunk_bytes + kFletcherBytes;
    const std::uint64_t wanted = product(count, with_checksum);
    if (stored != wanted || chunks.size() != count)
      place_.fail("holds {} bytes, its shape {} wants {}", stored, list_text(shape), wanted);
    if (!std::ranges::equal(chunk, chunk_of(shape, element)))
      place_.fail("is stored in chunks {}, wants {}", list_text(chunk),
                  list_text(chunk_of(shape, element)));
    while (split + 1 < shape.size() && chunk[split] == 1) ++split;
    std::uint64_t inner = element;
    for (std::size_t axis = split + 1; axis < shape.size(); ++axis) inner *= shape[axis];
    const std::uint64_t parts = shape[split] / chunk[split] + (shape[split] % chunk[split] != 0);
    if (with_values_) array.bytes.resize(bytes);
    for (std::uint64_t i = 0; i < count; ++i) {
      if (chunks[i].bytes != with_checksum || chunks[i].mask != 0)
        place_.fail("chunk {} of it holds {} bytes, wants {}", i, chunks[i].bytes, with_checksum);
      const std::span<const std::byte> content = image_.take(chunks[i].address, with_checksum);
      if (!with_values_) continue;
      const std::span<const std::byte> values = content.first(chunk_bytes);
      std::uint32_t checksum = 0;
      std::memcpy(&checksum, content.data() + chunk_bytes, sizeof checksum);
      if (!same_checksum(checksum, fletcher32(values)))
        place_.fail("is damaged: the checksum of chunk {} of it is wrong", i);
      const std::uint64_t first = i % parts * chunk[split];
      const std::uint64_t rows = std::min(chunk[split], shape[split] - first);
      std::memcpy(array.bytes.data() + (i / parts * shape[split] + first) * inner, values.data(),
                  rows * inner);
    }
  }

  bool with_values_;
  Hdf5Place place_;
  ImageBytes image_;
  Document document_;
  std::set<std::uint64_t> visited_;
  std::uint64_t total_bytes_ = 0;
  bool versioned_ = false;
  bool complete_ = false;
};

}  // namespace

Document document_from_image(std::span<const std::byte> image, const std::string& path,
                             bool with_values) {
  return ImageReader(image, path, with_values).read();
}

}  // namespace varphase
