// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/document_entries.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>

#include "checkpoints/document_types.hpp"
#include "checkpoints/hdf5_limits.hpp"

namespace varphase {
namespace {

/// The bodies of the header's messages of a kind, in the order of creation.
std::vector<std::span<const std::byte>> bodies_of(std::vector<Message> messages, MessageKind kind,
                                                  std::size_t most, const Hdf5Place& place) {
  std::erase_if(messages, [kind](const Message& message) { return message.kind != kind; });
  if (messages.size() > most) place.fail("has {} entries, at most {}", messages.size(), most);
  std::stable_sort(messages.begin(), messages.end(),
                   [](const Message& a, const Message& b) { return a.order < b.order; });
  std::vector<std::span<const std::byte>> found;
  found.reserve(messages.size());
  for (const Message& message : messages) found.push_back(message.body);
  return found;
}

/// Where links or attributes lie that are too many for the header; none where they are few.
std::optional<DenseStorage> dense_storage(const std::vector<Message>& messages, MessageKind kind,
                                          const Hdf5Place& place) {
  const auto info = one_message(messages, kind, place);
  if (!info) return std::nullopt;
  Cursor cursor(*info, place);
  cursor.expect(1, 0, "list's version");
  constexpr unsigned kTracked = 1, kIndexed = 2;
  const unsigned flags = cursor.byte();
  if (flags > (kTracked | kIndexed)) place.fail("its list of entries has flags {}", flags);
  if ((flags & kTracked) != 0) cursor.bytes(kind == MessageKind::link_info ? 8 : 2);
  DenseStorage storage;
  storage.heap = cursor.number(kAddressBytes);
  cursor.number(kAddressBytes);  // the tree of names
  storage.by_order = (flags & kIndexed) != 0 ? cursor.number(kAddressBytes) : kNowhere;
  cursor.end("list of entries");
  if (storage.heap == kNowhere) return std::nullopt;
  if (storage.by_order == kNowhere) place.fail("keeps its entries in no order of creation");
  return storage;
}

/// A text with the zero byte behind it.
std::string text_of(std::span<const std::byte> bytes, const char* what, const Hdf5Place& place) {
  if (bytes.empty() || bytes.back() != std::byte{0}) place.fail("its {} has no end", what);
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  text.resize(text.find('\0'));
  return text;
}

template <class T>
T number_of(Cursor& cursor) {
  T value;
  std::memcpy(&value, cursor.bytes(sizeof value).data(), sizeof value);
  cursor.end("attribute");
  return value;
}

std::pair<std::string, Attribute> read_attribute(std::span<const std::byte> message,
                                                 std::uint64_t file_bytes, const Hdf5Place& place) {
  Cursor cursor(message, place);
  // Version 1 is what h5py writes into a file of ours unless told otherwise.
  const unsigned version = cursor.byte();
  if (version < 1 || version > 3)
    place.fail("its attribute is of version {}, wants 1 to 3", version);
  const unsigned flags = cursor.byte();
  const std::uint64_t name_bytes = cursor.number(2), type_bytes = cursor.number(2),
                      space_bytes = cursor.number(2);
  if (version == 3) cursor.number(1);  // letters of the name
  const auto part = [&](std::uint64_t bytes) {
    const std::span<const std::byte> taken = cursor.bytes(bytes);
    if (version == 1) cursor.bytes((8 - bytes % 8) % 8);
    return taken;
  };
  const std::string name = text_of(part(name_bytes), "attribute's name", place);
  if (!is_name_part(name))
    place.fail("attribute {} is no name that Varphase writes", printable(name));
  const std::span<const std::byte> type = part(type_bytes);
  const std::span<const std::byte> space = part(space_bytes);
  if (flags != 0 || !is_scalar(space, place)) place.fail("attribute {} is no single value", name);
  const FoundType found = type_of(type, place);
  if (found.element == ElementType::int64) return {name, number_of<std::int64_t>(cursor)};
  if (found.element == ElementType::float64) return {name, number_of<double>(cursor)};
  if (!found.text || *found.text == 0 ||
      *found.text > std::min<std::uint64_t>(kMaxText, file_bytes)) {
    place.fail(
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

DocumentLink read_link(std::span<const std::byte> message, const Hdf5Place& place) {
  constexpr unsigned kNameWidth = 0x03, kHasOrder = 0x04, kHasKind = 0x08, kHasLetters = 0x10;
  Cursor cursor(message, place);
  cursor.expect(1, 1, "link's version");
  const unsigned flags = cursor.byte();
  if (flags > (kNameWidth | kHasOrder | kHasKind | kHasLetters))
    place.fail("a link of it has flags {}", flags);
  DocumentLink link;
  if ((flags & kHasKind) != 0) link.kind = cursor.byte();
  if ((flags & kHasOrder) != 0) link.order = cursor.number(8);
  if ((flags & kHasLetters) != 0) cursor.number(1);
  const std::uint64_t length = cursor.number(std::size_t{1} << (flags & kNameWidth));
  const std::span<const std::byte> name = cursor.bytes(length);
  link.name.assign(reinterpret_cast<const char*>(name.data()), name.size());
  if (link.kind == DocumentLink::kHard) {
    link.address = cursor.number(kAddressBytes);
    cursor.end("link");
  }
  return link;
}

}  // namespace

std::vector<DocumentLink> read_links(Hdf5Bytes& file, const std::vector<Message>& messages,
                                     const Hdf5Place& place) {
  std::vector<std::span<const std::byte>> found =
      bodies_of(messages, MessageKind::link, kMaxObjects, place);
  if (const auto dense = dense_storage(messages, MessageKind::link_info, place)) {
    if (!found.empty()) place.fail("keeps links in two places");
    found = read_dense(file, *dense, DenseKind::links, kMaxObjects, place);
  }
  std::vector<DocumentLink> links;
  std::set<std::string> names;
  links.reserve(found.size());
  for (const std::span<const std::byte> message : found) {
    links.push_back(read_link(message, place));
    if (!names.insert(links.back().name).second)
      place.fail("link {} is there twice", printable(links.back().name));
  }
  std::stable_sort(links.begin(), links.end(),
                   [](const DocumentLink& a, const DocumentLink& b) { return a.order < b.order; });
  return links;
}

std::vector<std::pair<std::string, Attribute>> read_attributes(Hdf5Bytes& file,
                                                               const std::vector<Message>& messages,
                                                               const Hdf5Place& place) {
  std::vector<std::span<const std::byte>> found =
      bodies_of(messages, MessageKind::attribute, kMaxAttributes, place);
  if (const auto dense = dense_storage(messages, MessageKind::attribute_info, place)) {
    if (!found.empty()) place.fail("keeps attributes in two places");
    found = read_dense(file, *dense, DenseKind::attributes, kMaxAttributes, place);
  }
  std::vector<std::pair<std::string, Attribute>> attributes;
  std::set<std::string> names;
  attributes.reserve(found.size());
  for (const std::span<const std::byte> message : found) {
    attributes.push_back(read_attribute(message, file.size(), place));
    if (!names.insert(attributes.back().first).second)
      place.fail("attribute {} is there twice", printable(attributes.back().first));
  }
  return attributes;
}

}  // namespace varphase
