// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "checkpoints/document_objects.hpp"
#include "src/base/array.hpp"

namespace varphase {

/// How the values of an array are stored: in chunks, each with a checksum behind it.
struct ChunkLayout {
  std::vector<std::uint64_t> chunk;  // extents of a chunk, and the bytes of an element
  unsigned flags = 0;
  unsigned index = 0;                  // how chunks are found; 1: the only chunk, 3: a table of all
  std::span<const std::byte> details;  // of the index, its address last
};

/// Reads the values of a document's arrays out of their chunks.
class ChunkReader {
 public:
  /// @param with_values  false: only checks that every chunk is there
  ChunkReader(Hdf5Bytes& file, const Hdf5Place& place, bool with_values)
      : file_(file), place_(place), with_values_(with_values) {}

  /// @throws Error format where a dataset is stored in any other way than we write.
  ChunkLayout layout_of(const std::vector<Message>& messages) const;

  /// The bytes of an array's values, after it is sure that the file can hold all of them beside those of the arrays
  /// before.
  /// @param element  bytes of an element
  /// @throws Error format.
  std::uint64_t check_size(const ChunkLayout& layout, const std::vector<std::uint64_t>& shape,
                           std::size_t element);

  /// Fills array.bytes, in the array's order. @param bytes  from check_size
  /// @throws Error format where a chunk is missing, of another size or damaged.
  void read(const ChunkLayout& layout, const std::vector<std::uint64_t>& shape, std::uint64_t bytes,
            Array& array);

 private:
  struct Chunk;
  std::vector<Chunk> chunks_of(const ChunkLayout& layout, std::uint64_t count);
  std::vector<Chunk> read_table(std::uint64_t address, std::uint64_t page_bits,
                                std::uint64_t count);
  void check_filters(const std::vector<Message>& messages) const;
  static void append_entries(Cursor& cursor, std::uint64_t count, std::size_t entry,
                             std::vector<Chunk>& chunks);

  Hdf5Bytes& file_;
  const Hdf5Place& place_;
  bool with_values_;
  std::uint64_t total_bytes_ = 0;  // of all arrays so far
};

}  // namespace varphase
