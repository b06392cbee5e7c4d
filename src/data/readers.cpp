// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/readers.hpp"

#include <cstdlib>

#include <fmt/ranges.h>

#include "src/base/error.hpp"
#include "src/base/registry.hpp"
#include "src/data/array_set.hpp"
#include "src/data/cifar.hpp"
#include "src/data/files_on_disk.hpp"
#include "src/data/four_gaussians.hpp"
#include "src/data/held_images.hpp"
#include "src/data/idx_folder.hpp"
#include "src/data/image_folder.hpp"
#include "src/data/synthetic_digits.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr const char* kSystemFashion = "/usr/share/datasets/fashion-mnist";

/// Where a named set may lie, and what of it must be there.
struct Places {
  std::vector<std::string> under_root;  // below $VARPHASE_DATA
  std::vector<fs::path> system;
  const char* wanted;  // "train-images-idx3-ubyte[.gz]"
  bool (*recognizes)(const fs::path& folder);
};

/// The first folder that holds the set, or an error that says where it was looked for and how to
/// get it.
fs::path find_folder(const std::string& name, const Places& places, const std::string& remedy) {
  const char* root = std::getenv("VARPHASE_DATA");
  const bool has_root = root != nullptr && *root != '\0';
  std::vector<fs::path> folders;
  for (const std::string& folder : places.under_root) {
    if (has_root) folders.push_back(fs::path(root) / folder);
  }
  folders.insert(folders.end(), places.system.begin(), places.system.end());

  std::vector<std::string> looked;
  for (const fs::path& folder : folders) {
    if (places.recognizes(folder)) return folder;
    looked.push_back(folder.string());
  }
  if (!has_root) {
    looked.push_back(
        fmt::format("$VARPHASE_DATA/{} (VARPHASE_DATA is not set)", places.under_root.front()));
  }
  fail(ErrorKind::io, "{}: not found; looked for {} in {}\n  {}", name, places.wanted,
       fmt::join(looked, ", "), remedy);
}

std::vector<std::string> digit_names() {
  std::vector<std::string> names;
  names.reserve(10);
  for (int digit = 0; digit < 10; ++digit) names.push_back(std::to_string(digit));
  return names;
}

Dataset read_fashion_mnist(const ReadOptions& options) {
  const fs::path folder = find_folder(
      options.name,
      {{"fashion-mnist"}, {kSystemFashion}, "train-images-idx3-ubyte[.gz]", holds_idx},
      "install Debian's package dataset-fashion-mnist, or put the four IDX files into "
      "$VARPHASE_DATA/fashion-mnist, or pass --data FOLDER; --data synthetic-digits needs no "
      "files");
  Dataset dataset = read_idx_folder(folder, options);
  dataset.class_names = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                         "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
  return dataset;
}

Dataset read_mnist(const ReadOptions& options) {
  const fs::path folder = find_folder(
      options.name, {{"mnist"}, {}, "train-images-idx3-ubyte[.gz]", holds_idx},
      "put MNIST's four IDX files into $VARPHASE_DATA/mnist, or pass their folder: --data FOLDER; "
      "--data synthetic-digits needs no files");
  Dataset dataset = read_idx_folder(folder, options);
  dataset.class_names = digit_names();
  return dataset;
}

/// The named sets are the published ones: no image more, none less.
void check_published_size(const Dataset& dataset) {
  VARPHASE_CHECK(dataset.train.count() == 50000 && dataset.test.count() == 10000, ErrorKind::format,
                 "{}: {} training and {} test images, {} has 50000 and 10000\n  fetch it again, or "
                 "pass the folder by --data to read it as it is",
                 dataset.source, dataset.train.count(), dataset.test.count(), dataset.name);
}

Dataset read_named_cifar10(const ReadOptions& options) {
  const fs::path folder = find_folder(
      options.name, {{"cifar-10", "cifar-10-batches-bin"}, {}, "data_batch_1.bin", holds_cifar10},
      "unpack CIFAR-10's binary version into $VARPHASE_DATA/cifar-10, or pass its "
      "folder: --data FOLDER");
  Dataset dataset = read_cifar10(folder, options);
  check_published_size(dataset);
  return dataset;
}

Dataset read_named_cifar100(const ReadOptions& options) {
  const fs::path folder = find_folder(
      options.name, {{"cifar-100", "cifar-100-binary"}, {}, "train.bin", holds_cifar100},
      "unpack CIFAR-100's binary version into $VARPHASE_DATA/cifar-100, or pass its "
      "folder: --data FOLDER");
  Dataset dataset = read_cifar100(folder, options);
  check_published_size(dataset);
  return dataset;
}

Dataset read_coarse_cifar100(const ReadOptions& options) {
  ReadOptions coarse = options;
  coarse.labels = LabelKind::coarse;
  return read_named_cifar100(coarse);
}

Dataset draw_dataset(const ReadOptions& options) {
  Dataset dataset;
  dataset.name = options.name;
  dataset.source = "drawn";
  dataset.train = draw_synthetic_digits(Split::train, kSyntheticTrainImages);
  dataset.test = draw_synthetic_digits(Split::test, kSyntheticTestImages);
  dataset.class_names = digit_names();
  return dataset;
}

Dataset draw_toy_dataset(const ReadOptions& options) {
  Dataset dataset;
  dataset.name = options.name;
  dataset.source = "drawn";
  dataset.train = draw_four_gaussians(Split::train);
  dataset.test = draw_four_gaussians(Split::test);
  dataset.class_names = {"(3, 3)", "(3, 10)", "(10, 3)", "(10, 10)"};
  return dataset;
}

using NamedReader = Dataset (*)(const ReadOptions&);
const Registry<NamedReader> kNamedDatasets{"data set",
                                           {{"fashion-mnist", read_fashion_mnist},
                                            {"mnist", read_mnist},
                                            {"cifar-10", read_named_cifar10},
                                            {"cifar-100", read_named_cifar100},
                                            {"cifar-100-coarse", read_coarse_cifar100},
                                            {"synthetic-digits", draw_dataset},
                                            {"four-gaussians", draw_toy_dataset}}};

std::string known_layouts() {
  std::string text;
  for (const ReaderKind& kind : reader_kinds()) {
    text += fmt::format("\n    {:13} {}", kind.name, kind.holds);
  }
  return text;
}

}  // namespace

const std::vector<ReaderKind>& reader_kinds() {
  static const std::vector<ReaderKind> kinds{
      {"idx", "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-..., plain or gzipped",
       holds_idx, read_idx_folder},
      {"cifar-10", "data_batch_1.bin to data_batch_5.bin, test_batch.bin", holds_cifar10,
       read_cifar10},
      {"cifar-100", "train.bin, test.bin", holds_cifar100, read_cifar100},
      {"image folder", "train/CLASS/*.jpg|jpeg|png, test/CLASS/... (or val/CLASS/...)",
       holds_image_folder, read_image_folder},
      {"hdf5", "a file with train/images, train/labels, test/images, test/labels", holds_hdf5,
       read_array_set},
      {"numpy", "an .npz file, or x_train.npy, y_train.npy, x_test.npy, y_test.npy",
       holds_numpy_set, read_array_set},
  };
  return kinds;
}

std::vector<std::string> dataset_names() { return kNamedDatasets.names(); }

Dataset read_source(const std::string& data, const ReadOptions& options) {
  if (is_held(data)) {
    // What names arrays and ranges of a run's files says nothing of these, which have the usual names.
    ReadOptions own = options;
    own.labels = LabelKind::fine;
    own.images_key.clear();
    own.labels_key.clear();
    own.pixel_range = PixelRange::unstated;
    return read_array_set(data, own);
  }
  const bool keys = !options.images_key.empty() || !options.labels_key.empty();
  VARPHASE_CHECK(!keys || holds_hdf5(data) || holds_numpy_set(data) || is_folder(data),
                 ErrorKind::usage,
                 "{}: --hdf5-images and --hdf5-labels name arrays of an HDF5 or NumPy file", data);
  VARPHASE_CHECK(options.pixel_range == PixelRange::unstated || holds_hdf5(data) ||
                     holds_numpy_set(data) || (keys && is_folder(data)),
                 ErrorKind::usage,
                 "{}: --pixel-range is of float32 images in an HDF5 or NumPy file", data);
  if (keys && is_folder(data)) return read_array_set(data, options);
  if (kNamedDatasets.contains(data)) return kNamedDatasets.at(data)(options);
  const fs::path path(data);
  for (const ReaderKind& kind : reader_kinds()) {
    if (kind.recognizes(path)) return kind.read(path, options);
  }
  VARPHASE_CHECK(
      !is_file(path), ErrorKind::io,
      "{}: wants a folder of images, an HDF5 or an .npz file, got another file\n  pass the folder "
      "it lies in",
      data);
  VARPHASE_CHECK(!is_folder(path), ErrorKind::io,
                 "{}: no data set that is known lies in this folder; wants one of{}", data,
                 known_layouts());
  const bool looks_like_path = data.find('/') != std::string::npos || data.front() == '.';
  VARPHASE_CHECK(!looks_like_path, ErrorKind::io,
                 "{}: no such folder or file\n  wants one of {}, or a path that holds{}", data,
                 fmt::join(dataset_names(), ", "), known_layouts());
  const std::string near = nearest_name(data, dataset_names());
  fail(ErrorKind::io,
       "{}: no such folder or file, nor a data set of this name{}\n  wants one of {}, or a path "
       "that holds{}",
       data, near.empty() ? "" : "; did you mean '" + near + "'?", fmt::join(dataset_names(), ", "),
       known_layouts());
}

}  // namespace varphase
