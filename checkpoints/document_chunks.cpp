// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/document_chunks.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include <fmt/ranges.h>

#include "checkpoints/document_bytes.hpp"
#include "checkpoints/hdf5_limits.hpp"

namespace varphase {
namespace {

constexpr std::size_t kFletcherBytes = 4;
constexpr unsigned kFletcherFilter = 3;
constexpr unsigned kOnlyChunk = 1, kTable = 3;
constexpr unsigned kOnlyChunkFiltered = 0x02;

std::string list_text(std::span<const std::uint64_t> list) {
  return fmt::format("[{}]", fmt::join(list, ", "));
}

}  // namespace

struct ChunkReader::Chunk {
  std::uint64_t address = kNowhere;
  std::uint64_t bytes = 0;
  std::uint64_t mask = 0;  // of the filters that were left out
};

ChunkLayout ChunkReader::layout_of(const std::vector<Message>& messages) const {
  constexpr unsigned kChunked = 2, kVirtual = 3;
  Cursor cursor(*one_message(messages, MessageKind::layout, place_), place_);
  const unsigned version = cursor.byte();
  const unsigned kind = cursor.byte();
  if (kind == kVirtual) place_.fail("is a virtual dataset, its values lie in other files");
  if (one_message(messages, MessageKind::external_files, place_))
    place_.fail("has external storage, its values lie in other files");
  if (kind != kChunked) place_.fail("is not chunked, so that it has no checksum");
  if (version != 4) place_.fail("its layout is of version {}, wants 4", version);
  check_filters(messages);
  ChunkLayout layout;
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

void ChunkReader::check_filters(const std::vector<Message>& messages) const {
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

std::uint64_t ChunkReader::check_size(const ChunkLayout& layout,
                                      const std::vector<std::uint64_t>& shape,
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
  total_bytes_ = bytes > file_.size() ? bytes : total_bytes_ + bytes;
  if (total_bytes_ > file_.size() || chunk_bytes > file_.size() + kChunkBytes) {
    place_.fail("declares shape {} in chunks {}, more than the file's {} bytes can hold",
                list_text(shape), list_text(chunk), file_.size());
  }
  return bytes;
}

// The chunks of an array, in its order.
std::vector<ChunkReader::Chunk> ChunkReader::chunks_of(const ChunkLayout& layout,
                                                       std::uint64_t count) {
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
std::vector<ChunkReader::Chunk> ChunkReader::read_table(std::uint64_t address,
                                                        std::uint64_t page_bits,
                                                        std::uint64_t count) {
  constexpr std::size_t kHeaderBytes = 28;
  Cursor header(file_.structure(address, kHeaderBytes, "FAHD"), place_);
  header.expect(1, 0, "table's version");
  header.expect(1, 1, "table's kind");
  const std::size_t entry = header.byte();
  header.expect(1, page_bits, "table's size of pages");
  header.expect(8, count, "table's number of chunks");
  const std::uint64_t block = header.number(kAddressBytes);
  constexpr std::size_t kLeast = kAddressBytes + 1 + 4, kMost = kAddressBytes + 8 + 4;
  if (entry < kLeast || entry > kMost || page_bits < 1 || page_bits > 32)
    place_.fail("its table of chunks has entries of {} bytes", entry);
  if (product(count, entry) > file_.size()) place_.fail("is damaged: a table of {} chunks", count);
  const std::uint64_t in_page = std::uint64_t{1} << page_bits;
  const bool paged = count > in_page;
  const std::uint64_t pages = paged ? count / in_page + (count % in_page != 0 ? 1 : 0) : 0;
  const std::uint64_t flags = (pages + 7) / 8;  // which pages were ever written
  constexpr std::size_t kBlockHead = 4 + 2 + kAddressBytes, kChecksum = 4;
  const std::uint64_t own = kBlockHead + flags + (paged ? 0 : count * entry) + kChecksum;
  Cursor cursor(file_.structure(block, own, "FADB"), place_);
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
      Cursor entries(file_.structure(next, here * entry + kChecksum, ""), place_);
      append_entries(entries, here, entry, chunks);
    }
    next += in_page * entry + kChecksum;
  }
  return chunks;
}

void ChunkReader::append_entries(Cursor& cursor, std::uint64_t count, std::size_t entry,
                                 std::vector<Chunk>& chunks) {
  for (std::uint64_t i = 0; i < count; ++i) {
    Chunk chunk;
    chunk.address = cursor.number(kAddressBytes);
    chunk.bytes = cursor.number(entry - kAddressBytes - 4);
    chunk.mask = cursor.number(4);
    chunks.push_back(chunk);
  }
}

void ChunkReader::read(const ChunkLayout& layout, const std::vector<std::uint64_t>& shape,
                       std::uint64_t bytes, Array& array) {
  const std::size_t element = element_size(array.type);
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
    const std::span<const std::byte> content = file_.take(chunks[i].address, with_checksum);
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

}  // namespace varphase
