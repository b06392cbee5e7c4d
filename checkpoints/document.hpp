// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "src/base/array.hpp"

namespace varphase {

using Attribute = std::variant<std::int64_t, double, std::string>;

/// What every Varphase file holds: a kind, attributes of the whole, and named arrays. The typed files (Snapshot,
/// KappaMap, SparseModel) are made of it; FORMAT.md says which attributes and arrays each kind has.
struct Document {
  std::string kind;  // "checkpoint", "kappa", "pruned"
  std::vector<std::pair<std::string, Attribute>> attributes;
  std::vector<Array> arrays;
  std::string digest;  // of the file it was read from (document_digest); else empty

  /// @throws Error format naming the missing attribute or array.
  const Array& array(std::string_view name) const;
  const Array* find_array(std::string_view name) const noexcept;
  const Attribute* find_attribute(std::string_view name) const noexcept;
  std::int64_t integer(std::string_view name) const;
  double real(std::string_view name) const;
  const std::string& text(std::string_view name) const;
};

/// Writes a closed HDF5 file with checksums, atomically (FORMAT.md): fletcher32 on every dataset, a SHA-256 trailer.
/// @return size of the file in bytes
/// @throws Error io; nothing is left behind, and an older file of that name stays.
std::int64_t write_document(const std::filesystem::path& path, const Document& document);

/// Reads a file that anybody may have made. Its size, trailer and SHA-256 are checked before anything is parsed; then
/// only the structures, types and ranks that we write are taken, and no memory is allocated for sizes that were not
/// checked.
/// @param kind  the kind that is wanted; "" takes any
/// @throws Error io (missing, unreadable), format (truncated, damaged, foreign, of a newer version, of another kind).
Document read_document(const std::filesystem::path& path, std::string_view kind);

/// The same without values: attributes, and arrays with empty `bytes`.
Document read_document_header(const std::filesystem::path& path);

/// The SHA-256 in the trailer, after it was checked: 64 hexadecimal digits, the same for the same content. What is
/// computed from a file names it by this. @throws Error as read_document.
std::string document_digest(const std::filesystem::path& path);

}  // namespace varphase
