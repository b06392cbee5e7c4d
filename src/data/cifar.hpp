// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "src/data/byte_source.hpp"
#include "src/data/readers.hpp"

namespace varphase {

/// Of which bytes a record begins, and which of them is the label; 3 x 32 x 32 pixels follow.
struct CifarRecord {
  std::size_t label_bytes;
  std::size_t label_at;
  std::array<int, 2> classes;  // of each label byte

  std::size_t bytes() const;
};
CifarRecord cifar10_record();
CifarRecord cifar100_record(LabelKind labels);

/// One of CIFAR's binary files, read in order.
class CifarFile {
 public:
  /// @throws Error io, format: missing, packed, no whole number of records.
  CifarFile(const std::filesystem::path& path, const CifarRecord& record);

  std::int64_t count() const { return count_; }
  /// Appends the next records, at most `most`, to a set; `index` goes on counting the set's images.
  /// @throws Error format: truncated, a label out of range (said with its record).
  void read(std::int64_t most, ImageSet& set);

 private:
  std::string name_;
  CifarRecord record_;
  ByteSource source_;
  std::int64_t count_ = 0;
  std::int64_t next_ = 0;
};

/// No images, of CIFAR's shape.
ImageSet empty_cifar_set();

/// CIFAR-10, binary version: data_batch_1.bin .. data_batch_5.bin and test_batch.bin, a record
/// being one label byte and 3 x 32 x 32 pixels; names from batches.meta.txt where it is there.
bool holds_cifar10(const std::filesystem::path& folder);

/// @throws Error io, format: a file is missing or no whole number of records, the batches differ in
/// length, a label is over 9 (said with its record).
Dataset read_cifar10(const std::filesystem::path& folder, const ReadOptions& options);

/// CIFAR-100, binary version: train.bin and test.bin, a record being the coarse label, the fine
/// label and the pixels; names from fine_label_names.txt or coarse_label_names.txt.
bool holds_cifar100(const std::filesystem::path& folder);

/// @param options options.labels: the 100 fine or the 20 coarse classes, said in the result's name.
Dataset read_cifar100(const std::filesystem::path& folder, const ReadOptions& options);

}  // namespace varphase
