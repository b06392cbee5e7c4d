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

/// What every Varphase file holds: a kind, attributes of the whole, and named arrays. The typed
/// files (Snapshot, KappaMap, SparseModel) are made of it; FORMAT.md says which attributes and
/// arrays each kind has.
struct Document {
  std::string kind;  // "checkpoint", "kappa", "pruned"
  std::vector<std::pair<std::string, Attribute>> attributes;
  std::vector<Array> arrays;

  /// @throws Error format naming the missing attribute or array.
  const Array& array(std::string_view name) const;
  const Array* find_array(std::string_view name) const noexcept;
  const Attribute* find_attribute(std::string_view name) const noexcept;
  std::int64_t integer(std::string_view name) const;
  double real(std::string_view name) const;
  const std::string& text(std::string_view name) const;
};

/// Writes one closed, checksummed HDF5 file atomically (see FORMAT.md): library bounds v110,
/// fletcher32 on every dataset, a SHA-256 trailer; temporary file, fsync, rename, folder fsync.
/// @return size of the file in bytes.
/// @throws Error io; nothing is left behind and an older file of that name stays.
std::int64_t write_document(const std::filesystem::path& path, const Document& document);

/// Reads a file as hostile input: size cap, trailer and digest before HDF5 sees a byte, then only
/// known types and ranks, no links, no external storage, no other filters, no allocation before
/// sizes are checked.
/// @param kind the kind that is wanted; "" takes any.
/// @throws Error io (missing, unreadable), format (truncated, damaged, foreign, newer version,
/// another kind).
Document read_document(const std::filesystem::path& path, std::string_view kind);

/// Attributes, and arrays with empty `bytes`: what `inspect` shows, without reading the data after
/// the digest check.
Document read_document_header(const std::filesystem::path& path);

/// The SHA-256 in the trailer, checked: 64 hexadecimal digits, the same for the same content.
/// Outputs computed from a file name it by this. @throws Error as read_document.
std::string document_digest(const std::filesystem::path& path);

}  // namespace varphase
