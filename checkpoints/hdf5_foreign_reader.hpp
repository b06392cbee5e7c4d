// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checkpoints/hdf5_handle.hpp"
#include "src/base/array.hpp"
#include "src/base/read_limits.hpp"

namespace varphase {

/// Reads arrays of whole numbers by HDF5 itself, from a file of anyone's making. Some files make HDF5 crash or hang, so
/// this runs in a child process alone (hdf5_foreign.cpp). What is read and what is refused: read_foreign_arrays.
/// @throws Error format, naming file and object.
class ForeignReader {
 public:
  ForeignReader(std::string path, std::uint64_t file_bytes, const ReadLimits& limits)
      : path_(std::move(path)), file_bytes_(file_bytes), limits_(limits) {}

  /// Of the first of these names that the file holds, name, type, shape and layout, without values; none where it holds
  /// none.
  std::optional<Array> describe_first(std::span<const std::string> names);
  /// describe_first for each list of names.
  std::vector<std::optional<Array>> describe_all(std::span<const std::vector<std::string>> wanted);

  /// Rows first .. first + count - 1 of an array that was described.
  void read_rows(const Array& found, std::int64_t first, std::int64_t count,
                 std::span<std::byte> into);
  /// All of its rows.
  void read_all(const Array& found, std::span<std::byte> into);

 private:
  Hdf5Handle open() const;
  std::optional<Hdf5Handle> find(const Hdf5Handle& file, const std::string& name) const;
  Array describe(const Hdf5Handle& dataset, const std::string& name);
  bool check_storage(const Hdf5Handle& creation) const;
  std::vector<std::uint64_t> shape_of(const Hdf5Handle& dataset) const;
  void check_size(const Hdf5Handle& dataset, const Hdf5Handle& creation,
                  const std::vector<std::uint64_t>& shape, std::size_t element, bool packed);
  void check_chunks(const Hdf5Handle& dataset, const Hdf5Handle& creation,
                    const std::vector<std::uint64_t>& shape, std::size_t element, bool packed);
  std::string text_of(const Hdf5Handle& dataset, const char* attribute) const;
  ElementType element_of(const Hdf5Handle& type) const;

  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    varphase::fail(ErrorKind::format, "{}: {}: {}", path_, object_,
                   fmt::format(text, std::forward<Args>(args)...));
  }
  void check(int status, const char* what) const;
  Hdf5Handle own(std::int64_t id, Hdf5Handle::Close close, const char* what) const;

  std::string path_;
  std::uint64_t file_bytes_;
  ReadLimits limits_;
  std::uint64_t unpacked_ = 0;  // bytes of all arrays so far
  std::string object_ = "/";
};

/// Whether an extent is 0: then the product of the others may be more than a number holds.
bool has_no_values(const Array& array);

/// Bytes of so many of its rows.
std::size_t bytes_of(const Array& array, std::int64_t rows);

}  // namespace varphase
