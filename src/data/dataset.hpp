// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "src/data/image_form.hpp"
#include "src/data/pixel_range.hpp"

namespace varphase {

/// Which part of a data set; the value is the `sub` field of a noise key.
enum class Split : std::uint8_t { train = 0, validation = 1, test = 2 };

std::string split_name(Split split);
/// @throws Error usage naming the known splits.
Split split_from_name(const std::string& name);

class DatasetFiles;

/// Which labels of a set that has two kinds: CIFAR-100's 100 fine or 20 coarse classes.
enum class LabelKind : std::uint8_t { fine, coarse };
/// @throws Error usage naming the known kinds.
LabelKind label_kind_from_name(const std::string& name);

/// What makes a network's input of images: (pixel / 255 - mean) / deviation, by channel.
struct Normalization {
  std::vector<double> mean;
  std::vector<double> deviation;
};

/// Where the calling program has pixels itself; empty: nowhere.
struct HeldPixels {
  const std::uint8_t* data = nullptr;
  std::string device;  // "cpu", "cuda:0"
};

/// Images as they came, 0 .. 255 [count, channels, height, width] row-major, each with a label: bytes in `pixels`, or
/// float32 in `reals`; the other one is empty.
struct ImageSet {
  std::int64_t channels = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> pixels;  // count * channels * height * width
  std::vector<float> reals;          // likewise
  std::vector<std::int64_t> labels;  // count, 0 <= label < classes
  std::vector<std::int64_t> index;  // count: place in the source file, the `example` of a noise key
  Normalization normalization;      // both empty: images are not normalized
  HeldPixels held;  // of the same bytes as `pixels`, which whoever changes those lets go

  std::int64_t count() const { return static_cast<std::int64_t>(labels.size()); }
  std::int64_t image_size() const { return channels * height * width; }
  bool is_real() const { return !reals.empty(); }
};

/// A data set with its three parts. A network is given pixel / 255, normalized where that was asked for.
struct Dataset {
  std::string name;    // "fashion-mnist", or the path
  std::string source;  // where the files lie, or "drawn" for synthetic sets
  /// SHA-256 (hex) over shapes, pixels and labels of train and test (and of validation images that the set brings) as
  /// they were read, before any split
  std::string digest;
  std::int64_t classes = 0;
  std::vector<std::string> class_names;  // empty: not known
  std::vector<std::string> notes;        // what a user should know: which labels, what was left out
  ImageSet train;
  ImageSet validation;
  ImageSet test;

  const ImageSet& part(Split split) const;
  /// The first part that has images: an attack's file has one part alone.
  const ImageSet& first_part() const;
};

/// What to read and how to split it.
struct DataRequest {
  std::string data = "fashion-mnist";  // a name of dataset_names(), or a path
  double validation = 0;               // share of the training images held out, 0 <= v < 1
  std::int64_t train_limit = 0;  // take only the first so many training images of the file; 0: all
  std::int64_t test_limit = 0;   // likewise of the test images
  LabelKind labels = LabelKind::fine;
  bool skip_damaged = false;            // leave damaged images of an image folder out, and say so
  unsigned threads = 0;                 // threads that decode images; 0: one for each core
  const DatasetFiles* files = nullptr;  // HDF5, NumPy and the cache; null: none
  ImageForm form;                       // that all images are brought to
  std::string images_key;               // names of arrays (read_array_set); "": the usual ones
  std::string labels_key;
  PixelRange pixel_range = PixelRange::unstated;  // of images in float32
  ReadLimits limits;
};

/// Reads a data set.
///
/// All images are first brought to request.form. The validation part is the set's own where it has one and
/// request.validation is 0. Else it is the last floor(validation * N) entries of a fixed pseudo-random order of the
/// (limited) training images: it depends on the data's size alone and never on a run's seed.
/// @throws Error io (missing, with where it looked and what to install or pass), format (magic, counts, sizes,
///   truncated, trailing bytes, damaged gzip), usage (unknown name, label out of range, empty part).
Dataset read_dataset(const DataRequest& request);

}  // namespace varphase
