// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/dataset_files.hpp"

#include <algorithm>

#include "checkpoints/document.hpp"
#include "checkpoints/hdf5_foreign.hpp"
#include "src/base/json.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr const char* kImagesKind = "images";

template <class T>
std::vector<T> copied(const Array& array) {
  const std::span<const T> values = array.as<T>();
  return {values.begin(), values.end()};
}

void store(Document& document, const std::string& part, const ImageSet& set) {
  const auto array = [&](const char* name, std::vector<std::int64_t> shape, const auto& values,
                         const char* dims) {
    using T = typename std::remove_reference_t<decltype(values)>::value_type;
    document.arrays.push_back(
        make_array<T>(part + "/" + name, std::move(shape), std::span<const T>(values), dims));
  };
  array("images", {set.count(), set.channels, set.height, set.width}, set.pixels,
        "image,channel,row,column");
  array("labels", {set.count()}, set.labels, "image");
  array("index", {set.count()}, set.index, "image");
}

ImageSet loaded(const Document& document, const std::string& part, std::int64_t classes) {
  const Array& images = document.array(part + "/images");
  ImageSet set;
  set.labels = copied<std::int64_t>(document.array(part + "/labels"));
  set.index = copied<std::int64_t>(document.array(part + "/index"));
  const bool fits = images.shape.size() == 4 && images.shape[0] == set.count() &&
                    set.index.size() == set.labels.size() && set.count() > 0 &&
                    std::all_of(set.labels.begin(), set.labels.end(),
                                [&](std::int64_t label) { return label >= 0 && label < classes; });
  VARPHASE_CHECK(fits, ErrorKind::format, "arrays of {} do not fit together", part);
  set.channels = images.shape[1];
  set.height = images.shape[2];
  set.width = images.shape[3];
  set.pixels = copied<std::uint8_t>(images);
  return set;
}

/// Name, shape and layout.
ForeignArray described(const Array& array) {
  return {array.name, array.shape, array.dims, array.type == ElementType::uint8, {}, {}};
}

class Hdf5Rows final : public ForeignRows {
 public:
  Hdf5Rows(fs::path path, Array found)
      : path_(std::move(path)), found_(std::move(found)), array_(described(found_)) {}
  const ForeignArray& array() const override { return array_; }
  std::vector<std::uint8_t> bytes(std::int64_t first, std::int64_t count) const override {
    return copied<std::uint8_t>(read_foreign_rows(path_, found_, first, count));
  }

 private:
  fs::path path_;
  Array found_;
  ForeignArray array_;
};

class Hdf5DatasetFiles final : public DatasetFiles {
 public:
  std::vector<ForeignArray> read_foreign(const fs::path& path,
                                         std::span<const std::string> names) const override {
    std::vector<ForeignArray> arrays;
    for (const Array& array : read_foreign_arrays(path, names)) {
      ForeignArray foreign = described(array);
      if (foreign.is_bytes) {
        foreign.bytes = copied<std::uint8_t>(array);
      } else {
        foreign.integers = copied<std::int64_t>(array);
      }
      arrays.push_back(std::move(foreign));
    }
    return arrays;
  }

  std::unique_ptr<ForeignRows> open_rows(const fs::path& path,
                                         std::span<const std::string> names) const override {
    std::optional<Array> found = find_foreign_array(path, names);
    return found ? std::make_unique<Hdf5Rows>(path, std::move(*found)) : nullptr;
  }

  Dataset read_cached(const fs::path& path) const override {
    const Document document = read_document(path, kImagesKind);
    Dataset dataset;
    dataset.digest = document.text("digest");
    dataset.classes = document.integer("classes");
    for (const Json& note : parse_json(document.text("notes"), path.string())) {
      VARPHASE_CHECK(note.is_string(), ErrorKind::format, "{}: notes are no texts", path.string());
      dataset.notes.push_back(note.get<std::string>());
    }
    dataset.train = loaded(document, "train", dataset.classes);
    dataset.test = loaded(document, "test", dataset.classes);
    return dataset;
  }

  void write_cached(const fs::path& path, const Dataset& dataset) const override {
    Document document;
    document.kind = kImagesKind;
    document.attributes = {{"digest", dataset.digest},
                           {"classes", dataset.classes},
                           {"notes", Json(dataset.notes).dump()}};
    store(document, "train", dataset.train);
    store(document, "test", dataset.test);
    write_document(path, document);
  }
};

}  // namespace

const DatasetFiles& hdf5_dataset_files() {
  static const Hdf5DatasetFiles files;
  return files;
}

}  // namespace varphase
