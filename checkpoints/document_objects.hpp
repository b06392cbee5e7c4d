// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "checkpoints/document_bytes.hpp"

namespace varphase {

/// The kinds of messages in an object header, by HDF5's numbers.
enum class MessageKind : std::uint8_t {
  nothing = 0x00,
  dataspace = 0x01,
  link_info = 0x02,
  datatype = 0x03,
  fill_value = 0x05,
  link = 0x06,
  external_files = 0x07,
  layout = 0x08,
  group_info = 0x0a,
  filters = 0x0b,
  attribute = 0x0c,
  continuation = 0x10,
  attribute_info = 0x15,
  reference_count = 0x16,
};

/// A message of an object header: one property of a group or dataset.
struct Message {
  MessageKind kind = MessageKind::nothing;
  std::uint16_t order = 0;  // of creation; 0 where the header keeps none
  std::span<const std::byte> body;
};

/// Reads an object header of version 2 with its continuations. @throws Error format.
std::vector<Message> read_object_header(Hdf5Bytes& file, std::uint64_t address,
                                        const Hdf5Place& place);

/// The body of the message of a kind; none where there is none. @throws Error format where there are two.
std::optional<std::span<const std::byte>> one_message(const std::vector<Message>& messages,
                                                      MessageKind kind, const Hdf5Place& place);

/// Where the links or attributes of an object lie when there are more than a few: a heap that holds them, and a tree of
/// heap ids in the order of creation.
struct DenseStorage {
  std::uint64_t heap = 0;
  std::uint64_t by_order = 0;
};

enum class DenseKind { links, attributes };

/// The messages of a dense storage, in the order of creation. @throws Error format.
std::vector<std::span<const std::byte>> read_dense(Hdf5Bytes& file, const DenseStorage& storage,
                                                   DenseKind kind, std::size_t most,
                                                   const Hdf5Place& place);

}  // namespace varphase
