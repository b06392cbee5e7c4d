// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "src/data/dataset.hpp"

namespace varphase {

/// An array of somebody's HDF5 or NumPy file: bytes or whole numbers, row-major.
struct ForeignArray {
  std::string name;  // "train/images"
  std::vector<std::int64_t> shape;
  std::string layout;                  // its attribute of that name, "NHWC"; else ""
  bool is_bytes = false;               // unsigned bytes; else any other integer type
  std::vector<std::uint8_t> bytes;     // where is_bytes
  std::vector<std::int64_t> integers;  // else
};

/// One such array, of which a few entries of the first axis are in memory at a
/// time.
class ForeignRows {
 public:
  virtual ~ForeignRows() = default;
  /// Without values.
  virtual const ForeignArray& array() const = 0;
  /// Entries first .. first + count - 1 of an array of unsigned bytes. @throws Error io, format.
  virtual std::vector<std::uint8_t> bytes(std::int64_t first, std::int64_t count) const = 0;
};

/// Files of named arrays as the readers need them: HDF5, .npz, and a folder of .npy files whose
/// names are the arrays'. The program lends it (tools/app/dataset_files.hpp), since these formats
/// live in checkpoints/ and this room looks into base alone.
class DatasetFiles {
 public:
  virtual ~DatasetFiles() = default;

  /// Of each of `wanted`, which are several names for one thing, the first that a file of anyone's
  /// making holds, or none; read as hostile input.
  /// @throws Error io, format naming file and object.
  virtual std::vector<std::optional<ForeignArray>> read_foreign(
      const std::filesystem::path& path, std::span<const std::vector<std::string>> wanted,
      const ReadLimits& limits) const = 0;

  /// The first of `names` that such a file holds, checked in the same way; null where it holds
  /// none. A single .npy file is the array, whatever the names.
  virtual std::unique_ptr<ForeignRows> open_rows(const std::filesystem::path& path,
                                                 std::span<const std::string> names,
                                                 const ReadLimits& limits) const = 0;

  /// What write_cached wrote, whole and undamaged. @throws Error.
  virtual Dataset read_cached(const std::filesystem::path& path) const = 0;
  /// Train and test with their labels, positions, class names and digest; atomically. @throws Error
  /// io.
  virtual void write_cached(const std::filesystem::path& path, const Dataset& dataset) const = 0;
};

}  // namespace varphase
