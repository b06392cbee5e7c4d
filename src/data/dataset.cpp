// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/dataset.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include <fmt/ranges.h>
#include <openssl/evp.h>

#include "src/base/error.hpp"
#include "src/base/registry.hpp"
#include "src/data/four_gaussians.hpp"
#include "src/data/idx.hpp"
#include "src/data/split.hpp"
#include "src/data/synthetic_digits.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr const char* kSystemFashion = "/usr/share/datasets/fashion-mnist";

struct IdxFiles {
  fs::path images;
  fs::path labels;
};

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

/// The names under which a part's images (or labels) are found in the wild.
std::vector<std::string> idx_names(const std::vector<std::string>& prefixes,
                                   const std::vector<std::string>& endings) {
  std::vector<std::string> names;
  for (const std::string& prefix : prefixes) {
    for (const std::string& ending : endings) {
      for (const char* packed : {"", ".gz"}) names.push_back(prefix + ending + packed);
    }
  }
  return names;
}

std::vector<std::string> image_names(const std::vector<std::string>& prefixes) {
  return idx_names(prefixes, {"-images-idx3-ubyte", "-images.idx3-ubyte", "-images-idx4-ubyte",
                              "-images.idx4-ubyte"});
}

std::vector<std::string> label_names(const std::vector<std::string>& prefixes) {
  return idx_names(prefixes, {"-labels-idx1-ubyte", "-labels.idx1-ubyte"});
}

const std::vector<std::string> kTrainPrefixes{"train"};
const std::vector<std::string> kTestPrefixes{"t10k", "test"};

std::optional<fs::path> first_of(const fs::path& folder, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (is_file(folder / name)) return folder / name;
  }
  return std::nullopt;
}

fs::path find_idx(const fs::path& folder, const std::vector<std::string>& names) {
  const std::optional<fs::path> found = first_of(folder, names);
  VARPHASE_CHECK(found.has_value(), ErrorKind::io,
                 "{}: no such file in this folder, wants {} (or with .gz)\n  a data folder holds "
                 "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "
                 "t10k-labels-idx1-ubyte, plain or gzipped",
                 folder.string(), names.front());
  return *found;
}

ImageSet read_idx_part(const fs::path& folder, const std::vector<std::string>& prefixes) {
  return read_idx_images(find_idx(folder, image_names(prefixes)),
                         find_idx(folder, label_names(prefixes)));
}

Dataset read_idx_folder(const fs::path& folder, const std::string& name) {
  Dataset dataset;
  dataset.name = name;
  dataset.source = folder.string();
  dataset.train = read_idx_part(folder, kTrainPrefixes);
  dataset.test = read_idx_part(folder, kTestPrefixes);
  return dataset;
}

/// Reads the first folder that holds the set, or says where it was looked for and how to get it.
Dataset read_first_folder(const std::string& name, const std::vector<fs::path>& system_folders,
                          const std::string& remedy) {
  std::vector<fs::path> folders;
  const char* root = std::getenv("VARPHASE_DATA");
  const bool has_root = root != nullptr && *root != '\0';
  if (has_root) folders.push_back(fs::path(root) / name);
  folders.insert(folders.end(), system_folders.begin(), system_folders.end());

  std::vector<std::string> looked;
  for (const fs::path& folder : folders) {
    if (first_of(folder, image_names(kTrainPrefixes))) return read_idx_folder(folder, name);
    looked.push_back(folder.string());
  }
  if (!has_root) {
    looked.push_back(fmt::format("$VARPHASE_DATA/{} (VARPHASE_DATA is not set)", name));
  }
  fail(ErrorKind::io, "{}: not found; looked for train-images-idx3-ubyte[.gz] in {}\n  {}", name,
       fmt::join(looked, ", "), remedy);
}

Dataset read_fashion_mnist() {
  Dataset dataset = read_first_folder(
      "fashion-mnist", {kSystemFashion},
      "install Debian's package dataset-fashion-mnist, or put the four IDX files into "
      "$VARPHASE_DATA/fashion-mnist, or pass --data FOLDER; --data synthetic-digits needs no "
      "files");
  dataset.class_names = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                         "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
  return dataset;
}

Dataset read_mnist() {
  Dataset dataset = read_first_folder(
      "mnist", {},
      "put MNIST's four IDX files into $VARPHASE_DATA/mnist, or pass their folder: --data FOLDER; "
      "--data synthetic-digits needs no files");
  for (int digit = 0; digit < 10; ++digit) dataset.class_names.push_back(std::to_string(digit));
  return dataset;
}

Dataset draw_dataset() {
  Dataset dataset;
  dataset.name = "synthetic-digits";
  dataset.source = "drawn";
  dataset.train = draw_synthetic_digits(Split::train, kSyntheticTrainImages);
  dataset.test = draw_synthetic_digits(Split::test, kSyntheticTestImages);
  for (int digit = 0; digit < 10; ++digit) dataset.class_names.push_back(std::to_string(digit));
  return dataset;
}

Dataset draw_toy_dataset() {
  Dataset dataset;
  dataset.name = "four-gaussians";
  dataset.source = "drawn";
  dataset.train = draw_four_gaussians(Split::train);
  dataset.test = draw_four_gaussians(Split::test);
  dataset.class_names = {"(3, 3)", "(3, 10)", "(10, 3)", "(10, 10)"};
  return dataset;
}

using Reader = Dataset (*)();
const Registry<Reader> kNamedDatasets{"data set",
                                      {{"fashion-mnist", read_fashion_mnist},
                                       {"mnist", read_mnist},
                                       {"synthetic-digits", draw_dataset},
                                       {"four-gaussians", draw_toy_dataset}}};

Dataset read_source(const std::string& data) {
  if (kNamedDatasets.contains(data)) return kNamedDatasets.at(data)();
  const fs::path path(data);
  if (is_folder(path)) return read_idx_folder(path, data);
  VARPHASE_CHECK(!is_file(path), ErrorKind::io,
                 "{}: wants a folder with IDX files, got a file\n  pass the folder it lies in",
                 data);
  const bool looks_like_path = data.find('/') != std::string::npos || data.front() == '.';
  VARPHASE_CHECK(!looks_like_path, ErrorKind::io,
                 "{}: no such folder\n  --data takes a folder with IDX files or one of {}", data,
                 fmt::join(kNamedDatasets.names(), ", "));
  fail(ErrorKind::usage,
       "unknown data set '{}'{}\n  --data takes a folder with IDX files or one of {}", data,
       suggestion(data, kNamedDatasets.names()), fmt::join(kNamedDatasets.names(), ", "));
}

std::int64_t class_count(const Dataset& dataset) {
  const auto largest = [](const ImageSet& set) {
    return *std::max_element(set.labels.begin(), set.labels.end());
  };
  const std::int64_t classes = largest(dataset.train) + 1;
  VARPHASE_CHECK(classes >= 2, ErrorKind::usage,
                 "{}: all training labels are 0, wants at least two classes", dataset.source);
  VARPHASE_CHECK(dataset.class_names.empty() ||
                     classes == static_cast<std::int64_t>(dataset.class_names.size()),
                 ErrorKind::usage,
                 "{}: training labels 0 to {}, {} has {} classes\n  the files are another set: "
                 "pass their folder by --data",
                 dataset.source, classes - 1, dataset.name, dataset.class_names.size());
  VARPHASE_CHECK(largest(dataset.test) < classes, ErrorKind::usage,
                 "{}: test label {} is out of range, the training labels are 0 to {}\n  train and "
                 "test files do not belong together",
                 dataset.source, largest(dataset.test), classes - 1);
  return classes;
}

void check_same_shape(const Dataset& dataset) {
  const ImageSet& train = dataset.train;
  const ImageSet& test = dataset.test;
  VARPHASE_CHECK(
      train.channels == test.channels && train.height == test.height && train.width == test.width,
      ErrorKind::format,
      "{}: training images are {} x {} x {}, test images {} x {} x {}\n  train and test "
      "files do not belong together",
      dataset.source, train.channels, train.height, train.width, test.channels, test.height,
      test.width);
}

/// SHA-256 over, for train and then test: "<count> <channels> <height> <width>\n", the pixels, the
/// labels as 64-bit little-endian numbers.
std::string digest(const Dataset& dataset) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  bool good = context != nullptr && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  const auto add = [&](const void* bytes, std::size_t count) {
    good = good && EVP_DigestUpdate(context.get(), bytes, count) == 1;
  };
  for (const ImageSet* set : {&dataset.train, &dataset.test}) {
    const std::string shape =
        fmt::format("{} {} {} {}\n", set->count(), set->channels, set->height, set->width);
    add(shape.data(), shape.size());
    add(set->pixels.data(), set->pixels.size());
    std::vector<std::uint8_t> labels;
    labels.reserve(set->labels.size() * 8);
    for (const std::int64_t label : set->labels) {
      for (int shift = 0; shift < 64; shift += 8) {
        labels.push_back(static_cast<std::uint8_t>(label >> shift));
      }
    }
    add(labels.data(), labels.size());
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned int size = 0;
  good = good && EVP_DigestFinal_ex(context.get(), hash.data(), &size) == 1;
  VARPHASE_CHECK(good, ErrorKind::io, "OpenSSL cannot compute SHA-256");
  return fmt::format("{:02x}", fmt::join(hash.begin(), hash.begin() + size, ""));
}

}  // namespace

std::string split_name(Split split) {
  switch (split) {
    case Split::train:
      return "train";
    case Split::validation:
      return "validation";
    case Split::test:
      return "test";
  }
  fail(ErrorKind::usage, "unknown split {}", static_cast<int>(split));
}

Split split_from_name(const std::string& name) {
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    if (split_name(split) == name) return split;
  }
  fail(ErrorKind::usage, "unknown split '{}'{}", name,
       suggestion(name, {"train", "validation", "test"}));
}

const ImageSet& Dataset::part(Split split) const {
  switch (split) {
    case Split::train:
      return train;
    case Split::validation:
      return validation;
    case Split::test:
      return test;
  }
  fail(ErrorKind::usage, "unknown split {}", static_cast<int>(split));
}

Dataset read_dataset(const DataRequest& request) {
  VARPHASE_CHECK(!request.data.empty(), ErrorKind::usage,
                 "--data: wants a folder with IDX files or one of {}, got nothing",
                 fmt::join(kNamedDatasets.names(), ", "));
  Dataset dataset = read_source(request.data);
  check_same_shape(dataset);
  dataset.classes = class_count(dataset);
  dataset.digest = digest(dataset);

  limit_images(dataset.train, request.train_limit);
  limit_images(dataset.test, request.test_limit);
  const SplitPositions parts = split_positions(dataset.train.count(), request.validation);
  dataset.validation = select_images(dataset.train, parts.validation);
  // Without a validation part the images stay where they are.
  if (!parts.validation.empty()) dataset.train = select_images(dataset.train, parts.train);
  return dataset;
}

}  // namespace varphase
