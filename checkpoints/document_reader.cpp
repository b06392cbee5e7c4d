// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/document_reader.hpp"

#include <algorithm>
#include <set>

#include "checkpoints/document_chunks.hpp"
#include "checkpoints/document_entries.hpp"
#include "checkpoints/document_types.hpp"
#include "checkpoints/hdf5_limits.hpp"
#include "checkpoints/sealed_file.hpp"

namespace varphase {
namespace {

class DocumentReader {
 public:
  DocumentReader(std::span<const std::byte> file, const std::string& path, bool with_values)
      : place_{path, "the whole file"}, file_(file, place_), chunks_(file_, place_, with_values) {
    const std::optional<std::uint64_t> end = hdf5_end(file);
    if (!end) place_.fail("does not start with a superblock of version 3");
    if (*end != file.size())
      place_.fail("its superblock wants {} bytes, got {}", *end, file.size());
  }

  Document read() {
    constexpr std::size_t kSuperblockBytes = 48, kSizesEnd = 7;
    Cursor superblock(file_.structure(0, kSuperblockBytes, "\x89HDF"), place_);
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
    return read_object_header(file_, address, place_);
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

  void read_root_attributes(const std::vector<Message>& root) {
    for (auto& [name, value] : read_attributes(file_, root, place_)) {
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

  void read_group(const std::vector<Message>& group, const std::string& prefix, std::size_t depth) {
    if (depth > kMaxDepth) place_.fail("more than {} groups inside each other", kMaxDepth);
    for (const DocumentLink& link : read_links(file_, group, place_)) {
      const std::string name = prefix + link.name;
      place_.object = fmt::format("object /{}", printable(name));
      if (!is_name_part(link.name)) place_.fail("is no name that Varphase writes");
      if (link.kind != DocumentLink::kHard) {
        place_.fail("is {} link, only hard links are read",
                    link.kind == DocumentLink::kSoft       ? "a soft"
                    : link.kind == DocumentLink::kExternal ? "an external"
                                                           : "an unknown kind of");
      }
      const std::vector<Message> object = object_at(link.address);
      if (is_group(object)) {
        place_.object = fmt::format("group /{}", printable(name));
        if (!read_attributes(file_, object, place_).empty())
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

  void read_dataset(const std::vector<Message>& messages, const std::string& name) {
    Array array;
    array.name = name;
    const ChunkLayout layout = chunks_.layout_of(messages);
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
    const std::uint64_t bytes = chunks_.check_size(layout, shape, element_size(array.type));
    array.shape.assign(shape.begin(), shape.end());
    for (auto& [key, value] : read_attributes(file_, messages, place_)) {
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
    chunks_.read(layout, shape, bytes, array);
    document_.arrays.push_back(std::move(array));
  }

  Hdf5Place place_;
  Hdf5Bytes file_;
  ChunkReader chunks_;
  Document document_;
  std::set<std::uint64_t> visited_;
  bool versioned_ = false;
  bool complete_ = false;
};

}  // namespace

Document document_from_hdf5(std::span<const std::byte> file, const std::string& path,
                            bool with_values) {
  return DocumentReader(file, path, with_values).read();
}

}  // namespace varphase
