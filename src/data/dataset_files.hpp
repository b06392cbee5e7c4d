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

/// An array of anybody's HDF5 or NumPy file, row-major: bytes, float32, or whole numbers.
struct ForeignArray {
  std::string name;  // "train/images"
  std::vector<std::int64_t> shape;
  std::string layout;                  // its attribute of that name ("NHWC"), or ""
  std::string range;                   // likewise ("0..1")
  bool is_bytes = false;               // unsigned bytes
  bool is_real = false;                // float32; where neither, any other integer type
  std::vector<std::uint8_t> bytes;     // where is_bytes
  std::vector<float> reals;            // where is_real
  std::vector<std::int64_t> integers;  // else
  HeldPixels held;                     // of held_images.hpp
};

/// Such an array of which only a few entries of the first axis are in memory at a time.
class ForeignRows {
 public:
  virtual ~ForeignRows() = default;
  /// The array without its values.
  virtual const ForeignArray& array() const = 0;
  /// Entries first .. first + count - 1 of an array of unsigned bytes or float32. @throws Error io, format.
  virtual ForeignArray rows(std::int64_t first, std::int64_t count) const = 0;
};

/// Reads files of named arrays for the readers of this room: HDF5, .npz, and folders of .npy files whose names are the
/// arrays'. The program implements it (tools/app/dataset_files.hpp), because these formats live in checkpoints/, which
/// this room does not see.
class DatasetFiles {
 public:
  virtual ~DatasetFiles() = default;

  /// For each of `wanted`, which are several names for one thing, the first that a file holds, or none. The file may be
  /// of anybody's making. @throws Error io, format naming file and object.
  virtual std::vector<std::optional<ForeignArray>> read_foreign(
      const std::filesystem::path& path, std::span<const std::vector<std::string>> wanted,
      const ReadLimits& limits) const = 0;

  /// The first of `names` that such a file holds, checked in the same way; null where it holds none. A .npy file is the
  /// array, whatever the names are.
  virtual std::unique_ptr<ForeignRows> open_rows(const std::filesystem::path& path,
                                                 std::span<const std::string> names,
                                                 const ReadLimits& limits) const = 0;

  /// The images that `varphase attack --save` kept: labels and numbers as they were, in the part that they were taken
  /// of, pixels in float32; none where the file is another. @throws Error format where it is damaged or kept no images.
  virtual std::optional<Dataset> read_attacked(const std::filesystem::path& path) const = 0;

  /// Reads what write_cached wrote. @throws Error where it is not whole.
  virtual Dataset read_cached(const std::filesystem::path& path) const = 0;
  /// Writes train and test with their labels, positions, class names and digest, atomically. @throws Error io.
  virtual void write_cached(const std::filesystem::path& path, const Dataset& dataset) const = 0;
};

}  // namespace varphase
