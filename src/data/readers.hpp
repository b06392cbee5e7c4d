// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "src/data/dataset.hpp"
#include "src/data/image_form.hpp"

namespace varphase {

/// What every reader is told beside the path.
struct ReadOptions {
  std::string name;  // of the result
  LabelKind labels = LabelKind::fine;
  bool skip_damaged = false;
  unsigned threads = 0;  // 0: all cores
  const DatasetFiles* files = nullptr;
  std::string images_key;  // names of arrays (read_array_set); "": the usual ones
  std::string labels_key;
  PixelRange pixel_range = PixelRange::unstated;
  ImageForm form;  // of image folders; those of one size are brought to it once they are read
  ReadLimits limits;
};

/// A layout in which images lie on a disk. A reader fills train and test, `source`, and what it knows of class names;
/// it checks all that its own files can tell.
struct ReaderKind {
  const char* name;
  const char* holds;  // "data_batch_1.bin ... test_batch.bin", for help and errors
  bool (*recognizes)(const std::filesystem::path& path);
  Dataset (*read)(const std::filesystem::path& path, const ReadOptions& options);
};

/// Every layout, in the order in which a path is tried.
const std::vector<ReaderKind>& reader_kinds();

/// Names of data sets that need no path: "mnist", "cifar-10".
std::vector<std::string> dataset_names();

/// Reads a named set, or whatever layout the path holds.
/// @throws Error io, usage naming the layouts and names that are known; whatever the reader throws.
Dataset read_source(const std::string& data, const ReadOptions& options);

}  // namespace varphase
