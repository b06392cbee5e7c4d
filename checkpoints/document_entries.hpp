// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "checkpoints/document.hpp"
#include "checkpoints/document_objects.hpp"

namespace varphase {

/// A link of a group to an object.
struct DocumentLink {
  static constexpr unsigned kHard = 0, kSoft = 1, kExternal = 64;

  std::string name;
  std::uint64_t order = 0;  // of creation
  unsigned kind = kHard;
  std::uint64_t address = 0;  // of a hard link's object
};

/// The links of a group, in the order of creation, wherever they lie: in the group's header, or, where they are many,
/// in a dense storage. @throws Error format, also where a name is there twice.
std::vector<DocumentLink> read_links(Hdf5Bytes& file, const std::vector<Message>& messages,
                                     const Hdf5Place& place);

/// The attributes of an object likewise, each an int64, a float64 or a text.
/// @throws Error format, also for a value of another kind.
std::vector<std::pair<std::string, Attribute>> read_attributes(Hdf5Bytes& file,
                                                               const std::vector<Message>& messages,
                                                               const Hdf5Place& place);

}  // namespace varphase
