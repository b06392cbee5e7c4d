// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/array_set.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <numeric>
#include <optional>
#include <string_view>

#include <fmt/ranges.h>

#include "src/base/error.hpp"
#include "src/data/array_images.hpp"
#include "src/data/dataset_files.hpp"
#include "src/data/files_on_disk.hpp"
#include "src/data/held_images.hpp"
#include "src/data/split.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

using namespace std::string_view_literals;
using Names = std::vector<std::string>;

constexpr std::int64_t kMostClasses = 1'000'000;
constexpr double kHeldOut = 0.2;
constexpr const char* kLayoutHelp =
    "\n  wants train/images, train/labels, test/images, test/labels (or x_train, ..., or images "
    "and "
    "labels alone; --hdf5-images and --hdf5-labels name others): images uint8 or float32 "
    "[N, H, W], [N, C, H, W] or [N, H, W, C], labels integers [N]";

/// What a set's arrays are called: {part} stands for train, test or val.
const Names kImagePatterns{"{part}/images", "{part}_images", "images_{part}", "x_{part}",
                           "X_{part}",      "{part}_x",      "{part}_X",      "{part}_data"};
const Names kLabelPatterns{"{part}/labels", "{part}_labels", "labels_{part}", "y_{part}",
                           "Y_{part}",      "{part}_y",      "{part}_Y",      "{part}_targets"};
const Names kImagesAlone{"images", "data", "x", "X"};
const Names kLabelsAlone{"labels", "targets", "target", "y", "Y"};

enum Part : std::size_t { kTrain, kTest, kValidation, kParts };
const std::array<Names, kParts> kPartNames{{{"train"}, {"test"}, {"val", "validation"}}};

/// Where the images, or the labels, of each part may lie.
struct Places {
  std::array<Names, kParts> parts;
  Names alone;  // of a set that is not divided

  bool is_alone(const std::string& name) const {
    return std::find(alone.begin(), alone.end(), name) != alone.end();
  }
};

/// @param key "TRAIN,TEST"; or the name of an array in each part, or of one alone; "": the usual
Places places_of(const std::string& key, const Names& usual, const Names& alone) {
  Places places;
  if (const std::size_t comma = key.find(','); comma != std::string::npos) {
    places.parts[kTrain] = {key.substr(0, comma)};
    places.parts[kTest] = {key.substr(comma + 1)};
    return places;
  }
  const Names patterns =
      key.empty() ? usual
                  : Names{"{part}/" + key, "{part}_" + key, key + "_{part}", key + "/{part}"};
  constexpr std::string_view kPart = "{part}";
  for (std::size_t part = 0; part < kParts; ++part) {
    for (const std::string& name : kPartNames[part]) {
      for (std::string pattern : patterns)
        places.parts[part].push_back(pattern.replace(pattern.find(kPart), kPart.size(), name));
    }
  }
  places.alone = key.empty() ? alone : Names{key};
  return places;
}

class SetReader {
 public:
  SetReader(const fs::path& path, const ReadOptions& options)
      : path_(path.string()),
        range_(options.pixel_range),
        images_(places_of(options.images_key, kImagePatterns, kImagesAlone)),
        labels_(places_of(options.labels_key, kLabelPatterns, kLabelsAlone)) {
    std::vector<Names> wanted;
    for (const Places* places : {&images_, &labels_}) {
      for (std::size_t part = 0; part < kParts; ++part) {
        wanted.push_back(places->parts[part]);
        if (part == kTrain)
          wanted.back().insert(wanted.back().end(), places->alone.begin(), places->alone.end());
      }
    }
    arrays_ = is_held(path_) ? read_held(path_, wanted)
                             : options.files->read_foreign(path, wanted, options.limits);
  }

  Dataset read() {
    Dataset dataset;
    const bool whole = undivided();  // asked while the array is there: a part is moved out of it
    dataset.train = part(kTrain);
    if (whole) {
      divide(dataset);
      return dataset;
    }
    const bool tested = there(kTest) || !there(kValidation);
    dataset.test = part(tested ? kTest : kValidation);
    if (tested && there(kValidation)) dataset.validation = part(kValidation);
    return dataset;
  }

 private:
  std::optional<ForeignArray>& images(std::size_t part) { return arrays_[part]; }
  std::optional<ForeignArray>& labels(std::size_t part) { return arrays_[kParts + part]; }
  bool there(std::size_t part) { return images(part).has_value(); }
  /// Whether the images that were found are all of the set's.
  bool undivided() {
    return there(kTrain) && images_.is_alone(images(kTrain)->name) && !there(kTest);
  }

  ImageSet part(std::size_t which) {
    ForeignArray& pixels = found(images(which), images_, which);
    ForeignArray& classes = found(labels(which), labels_, which);
    ImageSet set;
    take_labels(classes, pixels, set);
    take_images(pixels, set);
    return set;
  }

  ForeignArray& found(std::optional<ForeignArray>& array, const Places& places,
                      std::size_t which) const {
    Names names = places.parts[which];
    if (which == kTrain) names.insert(names.end(), places.alone.begin(), places.alone.end());
    VARPHASE_CHECK(array.has_value(), ErrorKind::format, "{}: holds none of {}{}", path_,
                   fmt::join(names, ", "), kLayoutHelp);
    return *array;
  }

  void divide(Dataset& dataset) const {
    const SplitPositions parts = split_positions(dataset.train.count(), kHeldOut);
    dataset.test = select_images(dataset.train, parts.validation);
    dataset.notes.push_back(
        fmt::format("the file has no test images: {} of its {} images, by a fixed order, are held "
                    "out as those",
                    dataset.test.count(), dataset.train.count()));
    dataset.train = select_images(dataset.train, parts.train);
  }

  void take_images(ForeignArray& images, ImageSet& set) const {
    const ArrayImageLayout layout = array_image_layout(path_, images, kLayoutHelp);
    const PixelRange range = array_pixel_range(path_, images, range_);
    take_array_images(path_, std::move(images), layout, range, set);
  }

  void take_labels(const ForeignArray& labels, const ForeignArray& images, ImageSet& set) const {
    const bool column = labels.shape.size() == 2 && labels.shape[1] == 1;
    VARPHASE_CHECK((labels.shape.size() == 1 || column) && labels.shape[0] == images.shape[0],
                   ErrorKind::format,
                   "{}: {} is [{}], {} has {} images: wants one label an image, [{}]{}", path_,
                   labels.name, fmt::join(labels.shape, ", "), images.name, images.shape[0],
                   images.shape[0], kLayoutHelp);
    VARPHASE_CHECK(!labels.is_real, ErrorKind::format,
                   "{}: {} holds float32, labels are whole numbers{}", path_, labels.name,
                   kLayoutHelp);
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
  PixelRange range_;
  Places images_, labels_;
  std::vector<std::optional<ForeignArray>> arrays_;  // images of each part, then labels
};

bool begins_with(const fs::path& path, std::string_view signature) {
  if (!is_file(path)) return false;
  std::string start(signature.size(), '\0');
  std::ifstream file(path, std::ios::binary);
  return file.read(start.data(), static_cast<std::streamsize>(start.size())) && start == signature;
}

}  // namespace

bool holds_hdf5(const fs::path& path) { return begins_with(path, "\x89HDF\r\n\x1a\n"sv); }

bool holds_numpy_file(const fs::path& path) {
  return begins_with(path, "\x93NUMPY"sv) || begins_with(path, "PK\x03\x04"sv);
}

bool holds_numpy_set(const fs::path& path) {
  if (!is_folder(path)) return holds_numpy_file(path);
  const Places places = places_of("", kImagePatterns, kImagesAlone);
  for (const Names* names : {&places.parts[kTrain], &places.alone}) {
    for (const std::string& name : *names) {
      if (is_file(path / (name + ".npy"))) return true;
    }
  }
  return false;
}

Names image_array_names(const std::string& key) {
  if (!key.empty()) return {key};
  Names names = kImagesAlone;
  const Places places = places_of("", kImagePatterns, {});
  names.insert(names.begin() + 1, places.parts[kTest].begin(), places.parts[kTest].end());
  return names;
}

Dataset read_array_set(const fs::path& path, const ReadOptions& options) {
  VARPHASE_CHECK(options.labels == LabelKind::fine, ErrorKind::usage,
                 "{}: --labels coarse: such a set has one kind of labels, only CIFAR-100 has two",
                 path.string());
  VARPHASE_CHECK(options.files != nullptr, ErrorKind::usage,
                 "{}: this program was given nothing to read it with", path.string());
  std::optional<Dataset> attacked;
  if (holds_hdf5(path)) attacked = options.files->read_attacked(path);
  Dataset dataset = attacked ? std::move(*attacked) : SetReader(path, options).read();
  dataset.name = options.name;
  dataset.source = path.string();
  return dataset;
}

}  // namespace varphase
