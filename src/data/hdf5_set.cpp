// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/hdf5_set.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <numeric>

#include <fmt/ranges.h>

#include "src/base/error.hpp"
#include "src/data/dataset_files.hpp"
#include "src/data/files_on_disk.hpp"
#include "src/data/hdf5_images.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kMostClasses = 1'000'000;
constexpr const char* kLayoutHelp =
    "\n  wants train/images, train/labels, test/images, test/labels: images uint8 [N, H, W], "
    "[N, C, H, W] or [N, H, W, C], labels integers [N]";

/// The names under which a part's arrays are looked for; the first is the documented one.
std::vector<std::string> names_for(const std::vector<std::string>& parts, const char* what) {
  std::vector<std::string> names;
  for (const std::string& part : parts) {
    for (const char* joint : {"/", "_"}) names.push_back(part + joint + what);
  }
  return names;
}

const std::vector<std::string> kTrainParts{"train"};
const std::vector<std::string> kTestParts{"test", "val"};

class SetReader {
 public:
  SetReader(std::string path, std::vector<ForeignArray> arrays)
      : path_(std::move(path)), arrays_(std::move(arrays)) {}

  ImageSet part(const std::vector<std::string>& parts) {
    ForeignArray& images = find(names_for(parts, "images"));
    ForeignArray& labels = find(names_for(parts, "labels"));
    ImageSet set;
    take_images(images, set);
    take_labels(labels, images, set);
    return set;
  }

 private:
  ForeignArray& find(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      for (ForeignArray& array : arrays_) {
        if (array.name == name) return array;
      }
    }
    fail(ErrorKind::format, "{}: holds none of {}{}", path_, fmt::join(names, ", "), kLayoutHelp);
  }

  void take_images(ForeignArray& images, ImageSet& set) const {
    const Hdf5ImageLayout layout = hdf5_image_layout(path_, images, kLayoutHelp);
    set.channels = layout.channels;
    set.height = layout.height;
    set.width = layout.width;
    set.pixels =
        layout.channels_last ? channels_first(images.bytes, layout) : std::move(images.bytes);
  }

  void take_labels(const ForeignArray& labels, const ForeignArray& images, ImageSet& set) const {
    VARPHASE_CHECK(
        labels.shape.size() == 1 && labels.shape[0] == images.shape[0], ErrorKind::format,
        "{}: {} is [{}], {} has {} images: wants one label an image, [{}]{}", path_, labels.name,
        fmt::join(labels.shape, ", "), images.name, images.shape[0], images.shape[0], kLayoutHelp);
    if (labels.is_bytes) {
      set.labels.assign(labels.bytes.begin(), labels.bytes.end());
    } else {
      set.labels = labels.integers;
    }
    for (std::size_t i = 0; i < set.labels.size(); ++i) {
      VARPHASE_CHECK(set.labels[i] >= 0 && set.labels[i] < kMostClasses, ErrorKind::format,
                     "{}: {}[{}] is {}, wants 0 to {}", path_, labels.name, i, set.labels[i],
                     kMostClasses - 1);
    }
    set.index.resize(set.labels.size());
    std::iota(set.index.begin(), set.index.end(), 0);
  }

  std::string path_;
  std::vector<ForeignArray> arrays_;
};

}  // namespace

bool holds_hdf5(const fs::path& path) {
  if (!is_file(path)) return false;
  constexpr std::array<char, 8> kSignature{'\x89', 'H', 'D', 'F', '\r', '\n', '\x1a', '\n'};
  std::array<char, 8> start{};
  std::ifstream file(path, std::ios::binary);
  return file.read(start.data(), start.size()) && start == kSignature;
}

Dataset read_hdf5_set(const fs::path& path, const ReadOptions& options) {
  VARPHASE_CHECK(options.labels == LabelKind::fine, ErrorKind::usage,
                 "{}: --labels coarse: an HDF5 set has one kind of labels, only CIFAR-100 has two",
                 path.string());
  VARPHASE_CHECK(options.files != nullptr, ErrorKind::usage,
                 "{}: this program was given nothing to read HDF5 with", path.string());
  std::vector<std::string> names;
  for (const auto& parts : {kTrainParts, kTestParts}) {
    for (const char* what : {"images", "labels"}) {
      for (std::string& name : names_for(parts, what)) names.push_back(std::move(name));
    }
  }
  SetReader reader(path.string(), options.files->read_foreign(path, names));
  Dataset dataset;
  dataset.name = options.name;
  dataset.source = path.string();
  dataset.train = reader.part(kTrainParts);
  dataset.test = reader.part(kTestParts);
  return dataset;
}

}  // namespace varphase
