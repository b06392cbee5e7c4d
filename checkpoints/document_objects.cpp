// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/document_objects.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace varphase {
namespace {

constexpr std::size_t kSignatureBytes = 4;
constexpr std::size_t kMaxMessages = 8192;

// Bits of an object header's flags.
constexpr unsigned kHeaderLengthWidth = 0x03, kHeaderTracksOrder = 0x04, kHeaderTimes = 0x20,
                   kHeaderPhaseChange = 0x10, kHeaderKnown = 0x3f;
constexpr unsigned kMessageShared = 0x02;

// ---- trees (HDF5's "version 2 B-trees")

constexpr std::size_t kNodeBytes = 512;
constexpr std::size_t kNodeFrame = kSignatureBytes + 2 + kStructureChecksumBytes;  // version, type
constexpr std::size_t kMaxTreeDepth = 8;

/// Bytes that a number up to `most` takes.
std::size_t width_of(std::uint64_t most) {
  return (static_cast<std::size_t>(std::bit_width(most)) + 7) / 8;
}

/// All records of a tree, in its order.
class Tree {
 public:
  Tree(Hdf5Bytes& file, std::uint64_t address, std::uint8_t type, std::size_t record,
       std::size_t most, const Hdf5Place& place)
      : file_(file), type_(type), record_(record), place_(place) {
    constexpr std::size_t kHeaderBytes = 38;
    Cursor header(file_.structure(address, kHeaderBytes, "BTHD"), place_);
    header.expect(1, 0, "tree's version");
    header.expect(1, type, "tree's type");
    header.expect(4, kNodeBytes, "tree's size of nodes");
    header.expect(2, record, "tree's size of records");
    const std::uint64_t depth = header.number(2);
    header.number(2);  // when nodes are split and merged
    const std::uint64_t root = header.number(kAddressBytes);
    const std::uint64_t in_root = header.number(2);
    const std::uint64_t total = header.number(8);
    if (depth > kMaxTreeDepth || total > most)
      place_.fail("its tree has depth {} and {} records", depth, total);
    // How many records a node of each level holds at most, and all below it.
    most_.push_back((kNodeBytes - kNodeFrame) / record);
    below_.push_back(most_.front());
    count_width_ = width_of(most_.front());
    for (std::size_t level = 1; level <= depth; ++level) {
      const std::size_t pointer = pointer_bytes(level);
      most_.push_back((kNodeBytes - kNodeFrame - pointer) / (record + pointer));
      below_.push_back((most_[level] + 1) * below_[level - 1] + most_[level]);
    }
    if (total > 0) read_node(root, in_root, depth);
    if (records_.size() != total)
      place_.fail("its tree has {} records, its header wants {}", records_.size(), total);
  }

  const std::vector<std::span<const std::byte>>& records() const { return records_; }

 private:
  std::size_t pointer_bytes(std::size_t level) const {
    return kAddressBytes + count_width_ + (level > 1 ? width_of(below_[level - 1]) : 0);
  }

  void read_node(std::uint64_t address, std::uint64_t count, std::size_t level) {
    if (count == 0 || count > most_[level])
      place_.fail("a node of its tree has {} records, at most {} fit", count, most_[level]);
    const std::size_t pointer = level > 0 ? pointer_bytes(level) : 0;
    const std::size_t used = kNodeFrame + count * record_ + (level > 0 ? count + 1 : 0) * pointer;
    Cursor node(file_.structure(address, used, level > 0 ? "BTIN" : "BTLF"), place_);
    node.expect(1, 0, "tree's version");
    node.expect(1, type_, "tree's type");
    const std::span<const std::byte> own = node.bytes(count * record_);
    for (std::uint64_t i = 0; i <= count; ++i) {
      if (level > 0) {
        const std::uint64_t child = node.number(kAddressBytes);
        const std::uint64_t in_child = node.number(count_width_);
        if (level > 1) node.number(width_of(below_[level - 1]));
        read_node(child, in_child, level - 1);
      }
      if (i < count) records_.push_back(own.subspan(i * record_, record_));
    }
  }

  Hdf5Bytes& file_;
  std::uint8_t type_;
  std::size_t record_;
  const Hdf5Place& place_;
  std::vector<std::uint64_t> most_, below_;  // by level; leaves are level 0
  std::size_t count_width_ = 0;
  std::vector<std::span<const std::byte>> records_;
};

// ---- heaps (HDF5's "fractal heaps")

/// The numbers that HDF5 makes a heap of links or of attributes by.
struct HeapForm {
  std::size_t id_bytes;
  std::uint64_t first_block;
  std::uint64_t offset_bits;  // of the heap's own space
};
constexpr HeapForm kLinkHeap{7, 512, 32};
constexpr HeapForm kAttributeHeap{8, 1024, 40};
constexpr std::uint64_t kHeapColumns = 4;
constexpr std::uint64_t kLargestDirect = 65536;
constexpr std::uint64_t kLargestManaged = 4096;
constexpr std::size_t kLengthWidth = 2;  // of a managed object's length in its id
constexpr std::uint8_t kHugeTree = 1;
constexpr std::size_t kHugeRecord = 24;

class Heap {
 public:
  Heap(Hdf5Bytes& file, std::uint64_t address, const HeapForm& form, std::size_t most,
       const Hdf5Place& place)
      : file_(file), address_(address), form_(form), place_(place) {
    constexpr std::size_t kHeaderBytes = 146;
    Cursor header(file_.structure(address, kHeaderBytes, "FRHP"), place_);
    header.expect(1, 0, "heap's version");
    header.expect(2, form.id_bytes, "heap's size of ids");
    header.expect(2, 0, "heap's filters");
    header.expect(1, kChecksummed, "heap's flags");
    header.expect(4, kLargestManaged, "heap's largest managed object");
    header.number(8);  // next huge id
    const std::uint64_t huge = header.number(kAddressBytes);
    header.bytes(7 * 8);  // free space, and counts of what there is
    const std::uint64_t huge_count = header.number(8);
    header.bytes(2 * 8);  // tiny objects: none of ours is
    header.expect(2, kHeapColumns, "heap's width");
    header.expect(8, form.first_block, "heap's first block");
    header.expect(8, kLargestDirect, "heap's largest block");
    header.expect(2, form.offset_bits, "heap's size");
    header.expect(2, 1, "heap's first rows");
    root_ = header.number(kAddressBytes);
    rows_ = header.number(2);
    if (rows_ > form.offset_bits - first_row_bits() + 1) place_.fail("its heap has {} rows", rows_);
    if (huge_count > 0) read_huge(huge, most);
  }

  std::span<const std::byte> object(std::span<const std::byte> id) {
    Cursor cursor(id, place_);
    const unsigned kind = cursor.byte();
    if (kind == kHugeId) {
      const auto found = huge_.find(cursor.number(form_.id_bytes - 1));
      if (found == huge_.end()) place_.fail("is damaged: its heap has no object of an id");
      const auto [address, length] = found->second;
      huge_.erase(found);
      return file_.take(address, length);
    }
    if (kind != kManagedId) place_.fail("is damaged: an id of its heap begins with {}", kind);
    const std::uint64_t offset = cursor.number(offset_width());
    const std::uint64_t length = cursor.number(kLengthWidth);
    if (length > kLargestManaged) place_.fail("is damaged: an object of {} bytes", length);
    if (rows_ == 0) return in_direct(root_, form_.first_block, 0, offset, length);
    return in_indirect(root_, rows_, 0, offset, length);
  }

 private:
  static constexpr unsigned kChecksummed = 0x02, kManagedId = 0x00, kHugeId = 0x10;

  std::size_t offset_width() const { return form_.offset_bits / 8; }
  std::uint64_t first_row_bits() const {
    return static_cast<std::uint64_t>(std::bit_width(form_.first_block * kHeapColumns)) - 1;
  }
  std::uint64_t block_bytes(std::uint64_t row) const {
    return form_.first_block << (row == 0 ? 0 : row - 1);
  }
  std::uint64_t direct_rows() const {
    return static_cast<std::uint64_t>(std::bit_width(kLargestDirect / form_.first_block)) + 1;
  }

  void read_huge(std::uint64_t address, std::size_t most) {
    const Tree tree(file_, address, kHugeTree, kHugeRecord, most, place_);
    for (const std::span<const std::byte> record : tree.records()) {
      Cursor cursor(record, place_);
      const std::uint64_t at = cursor.number(kAddressBytes);
      const std::uint64_t length = cursor.number(8);
      huge_[cursor.number(8)] = {at, length};
    }
  }

  /// What every block of the heap begins with.
  void check_block(Cursor& block, std::uint64_t base) const {
    block.expect(1, 0, "heap block's version");
    block.expect(kAddressBytes, address_, "heap block's heap");
    block.expect(offset_width(), base, "heap block's place");
  }

  std::span<const std::byte> in_direct(std::uint64_t address, std::uint64_t size,
                                       std::uint64_t base, std::uint64_t offset,
                                       std::uint64_t length) {
    const std::size_t head =
        kSignatureBytes + 1 + kAddressBytes + offset_width() + kStructureChecksumBytes;
    if (!direct_.contains(base)) {
      const std::span<const std::byte> block = file_.take(address, size);
      if (std::memcmp(block.data(), "FHDB", kSignatureBytes) != 0)
        place_.fail("is damaged: no FHDB where there should be one");
      // The checksum stands among what it is of.
      std::vector<std::byte> copy(block.begin(), block.end());
      std::uint32_t stored = 0;
      std::memcpy(&stored, copy.data() + head - kStructureChecksumBytes, sizeof stored);
      std::memset(copy.data() + head - kStructureChecksumBytes, 0, sizeof stored);
      if (!same_checksum(stored, lookup3(copy)))
        place_.fail("is damaged: the checksum of its FHDB is wrong");
      Cursor cursor(block.subspan(kSignatureBytes), place_);
      check_block(cursor, base);
      direct_[base] = block;
    }
    const std::span<const std::byte> block = direct_[base];
    const std::uint64_t at = offset - base;
    if (at < head || at > block.size() || length > block.size() - at)
      place_.fail("is damaged: an object of its heap lies outside of its block");
    return block.subspan(at, length);
  }

  std::span<const std::byte> in_indirect(std::uint64_t address, std::uint64_t rows,
                                         std::uint64_t base, std::uint64_t offset,
                                         std::uint64_t length) {
    const std::size_t used = kSignatureBytes + 1 + kAddressBytes + offset_width() +
                             rows * kHeapColumns * kAddressBytes + kStructureChecksumBytes;
    if (!indirect_.contains(base)) indirect_[base] = file_.structure(address, used, "FHIB");
    Cursor block(indirect_[base], place_);
    check_block(block, base);
    const std::uint64_t within = offset - base;
    const std::uint64_t first_row = form_.first_block * kHeapColumns;
    const std::uint64_t row =
        within < first_row ? 0 : static_cast<std::uint64_t>(std::bit_width(within / first_row));
    if (row >= rows) place_.fail("is damaged: an object lies behind the end of its heap");
    const std::uint64_t row_base = row == 0 ? 0 : first_row << (row - 1);
    const std::uint64_t size = block_bytes(row);
    const std::uint64_t column = (within - row_base) / size;
    block.bytes((row * kHeapColumns + column) * kAddressBytes);
    const std::uint64_t child = block.number(kAddressBytes);
    const std::uint64_t child_base = base + row_base + column * size;
    if (row < direct_rows()) return in_direct(child, size, child_base, offset, length);
    const auto child_rows = static_cast<std::uint64_t>(std::bit_width(size)) - first_row_bits();
    if (child_base == base) place_.fail("is damaged: a block of its heap lies in itself");
    return in_indirect(child, child_rows, child_base, offset, length);
  }

  Hdf5Bytes& file_;
  std::uint64_t address_;
  HeapForm form_;
  const Hdf5Place& place_;
  std::uint64_t root_ = 0, rows_ = 0;
  std::map<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>> huge_;  // id: address, bytes
  // Blocks that were looked at, by their place in the heap.
  std::map<std::uint64_t, std::span<const std::byte>> direct_, indirect_;
};

bool is_known(unsigned kind) {
  switch (static_cast<MessageKind>(kind)) {
    case MessageKind::nothing:
    case MessageKind::dataspace:
    case MessageKind::link_info:
    case MessageKind::datatype:
    case MessageKind::fill_value:
    case MessageKind::link:
    case MessageKind::external_files:
    case MessageKind::layout:
    case MessageKind::group_info:
    case MessageKind::filters:
    case MessageKind::attribute:
    case MessageKind::continuation:
    case MessageKind::attribute_info:
    case MessageKind::reference_count:
      return true;
  }
  return false;
}

}  // namespace

std::vector<Message> read_object_header(Hdf5Bytes& file, std::uint64_t address,
                                        const Hdf5Place& place) {
  constexpr std::size_t kLongestPrefix = kSignatureBytes + 2 + 16 + 4 + 8;
  const std::uint64_t reach =
      std::min<std::uint64_t>(kLongestPrefix, file.size() - std::min(address, file.size()));
  Cursor prefix(file.look(address, reach), place);
  prefix.bytes(kSignatureBytes);
  prefix.expect(1, 2, "object header's version");
  const unsigned flags = prefix.byte();
  if ((flags & ~kHeaderKnown) != 0) place.fail("its object header has flags {}", flags);
  const bool ordered = (flags & kHeaderTracksOrder) != 0;
  const std::size_t before = prefix.left();
  if ((flags & kHeaderTimes) != 0) prefix.bytes(4 * 4);
  if ((flags & kHeaderPhaseChange) != 0) prefix.bytes(2 * 2);
  const std::uint64_t length = prefix.number(std::size_t{1} << (flags & kHeaderLengthWidth));
  const std::size_t head = kSignatureBytes + 2 + (before - prefix.left());
  if (length > file.size()) place.fail("is damaged: an object header of {} bytes", length);

  std::vector<Message> messages;
  std::vector<std::span<const std::byte>> parts;
  parts.push_back(file.structure(address, head + length + kStructureChecksumBytes, "OHDR")
                      .subspan(head - kSignatureBytes));
  for (std::size_t part = 0; part < parts.size(); ++part) {
    Cursor cursor(parts[part], place);
    const std::size_t message_head = ordered ? 6 : 4;
    while (cursor.left() >= message_head) {
      Message message;
      const unsigned kind = cursor.byte();
      const std::uint64_t size = cursor.number(2);
      const unsigned message_flags = cursor.byte();
      if (ordered) message.order = static_cast<std::uint16_t>(cursor.number(2));
      message.body = cursor.bytes(size);
      if (!is_known(kind)) place.fail("its object header has a message of kind {}", kind);
      message.kind = static_cast<MessageKind>(kind);
      if ((message_flags & kMessageShared) != 0 && message.kind != MessageKind::nothing)
        place.fail("shares a message of kind {} with others", kind);
      if (messages.size() >= kMaxMessages || parts.size() >= kMaxMessages)
        place.fail("more than {} messages in its object header", kMaxMessages);
      if (message.kind == MessageKind::continuation) {
        Cursor body(message.body, place);
        const std::uint64_t next = body.number(kAddressBytes);
        parts.push_back(file.structure(next, body.number(8), "OCHK"));
      } else if (message.kind != MessageKind::nothing) {
        messages.push_back(message);
      }
    }
    cursor.end("object header");
  }
  return messages;
}

std::optional<std::span<const std::byte>> one_message(const std::vector<Message>& messages,
                                                      MessageKind kind, const Hdf5Place& place) {
  std::optional<std::span<const std::byte>> found;
  for (const Message& message : messages) {
    if (message.kind != kind) continue;
    if (found) place.fail("has two messages of kind {}", static_cast<int>(kind));
    found = message.body;
  }
  return found;
}

std::vector<std::span<const std::byte>> read_dense(Hdf5Bytes& file, const DenseStorage& storage,
                                                   DenseKind kind, std::size_t most,
                                                   const Hdf5Place& place) {
  const bool links = kind == DenseKind::links;
  const HeapForm& form = links ? kLinkHeap : kAttributeHeap;
  Heap heap(file, storage.heap, form, most, place);
  // Links: order (8 bytes), id. Attributes: id, the message's flags, order (4).
  const Tree tree(file, storage.by_order, links ? 6 : 9, links ? 15 : 13, most, place);
  std::vector<std::span<const std::byte>> found;
  for (const std::span<const std::byte> record : tree.records()) {
    if (!links && record[form.id_bytes] != std::byte{0})
      place.fail("shares an attribute with others");
    found.push_back(heap.object(record.subspan(links ? 8 : 0, form.id_bytes)));
  }
  return found;
}

}  // namespace varphase
