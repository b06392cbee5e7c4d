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

/// One image in a CIFAR file: label bytes, then 3 x 32 x 32 pixels.
struct CifarRecord {
  std::size_t label_bytes;
  std::size_t label_at;        // which of the label bytes is wanted
  std::array<int, 2> classes;  // how many classes each label byte counts

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
  /// Appends the next records, at most `most`, to a set, whose `index` goes on counting.
  /// @throws Error format: truncated, or a label out of range (the message says which record).
  void read(std::int64_t most, ImageSet& set);

 private:
  std::string name_;
  CifarRecord record_;
  ByteSource source_;
  std::int64_t count_ = 0;
  std::int64_t next_ = 0;
};

/// A set without images, of the size of CIFAR's.
ImageSet empty_cifar_set();

/// Whether a folder holds CIFAR-10's binary version: data_batch_1.bin to data_batch_5.bin and test_batch.bin, whose
/// records are a label byte and the pixels.
bool holds_cifar10(const std::filesystem::path& folder);

/// Reads it; class names come from batches.meta.txt where that is there.
/// @throws Error io, format: a file is missing or no whole number of records, the batches differ in length, a label is
///   over 9 (the message says which record).
Dataset read_cifar10(const std::filesystem::path& folder, const ReadOptions& options);

/// Whether a folder holds CIFAR-100's binary version: train.bin and test.bin, whose records are the coarse label, the
/// fine label and the pixels.
bool holds_cifar100(const std::filesystem::path& folder);

/// Reads it; class names come from fine_label_names.txt or coarse_label_names.txt.
/// @param options  options.labels chooses the 100 fine or the 20 coarse classes, which the result's name says
Dataset read_cifar100(const std::filesystem::path& folder, const ReadOptions& options);

}  // namespace varphase
