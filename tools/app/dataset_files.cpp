// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/dataset_files.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "checkpoints/document.hpp"
#include "checkpoints/file_bytes.hpp"
#include "checkpoints/hdf5_foreign.hpp"
#include "checkpoints/npz.hpp"
#include "src/base/json.hpp"
#include "tools/app/attacked_images.hpp"

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

/// Name, shape, layout and range.
ForeignArray described(const Array& array) {
  ForeignArray foreign;
  foreign.name = array.name;
  foreign.shape = array.shape;
  foreign.layout = array.dims;
  foreign.range = array.unit;
  foreign.is_bytes = array.type == ElementType::uint8;
  foreign.is_real = array.type == ElementType::float32;
  return foreign;
}

/// NumPy's arrays may be of any type. @throws Error format.
void check_not_double(const Array& array, const fs::path& path) {
  VARPHASE_CHECK(array.type != ElementType::float64, ErrorKind::format,
                 "{}: {} holds float64, wants bytes or float32 (images) or whole numbers "
                 "(labels)\n  write it with .astype('float32')",
                 path.string(), array.name);
}

ForeignArray taken(const Array& array, const fs::path& path) {
  check_not_double(array, path);
  ForeignArray foreign = described(array);
  if (foreign.is_bytes) {
    foreign.bytes = copied<std::uint8_t>(array);
  } else if (foreign.is_real) {
    foreign.reals = copied<float>(array);
  } else if (array.type == ElementType::int32) {
    const std::span<const std::int32_t> values = array.as<std::int32_t>();
    foreign.integers.assign(values.begin(), values.end());
  } else {
    foreign.integers = copied<std::int64_t>(array);
  }
  return foreign;
}

class Hdf5Rows final : public ForeignRows {
 public:
  Hdf5Rows(fs::path path, Array found, const ReadLimits& limits)
      : path_(std::move(path)),
        found_(std::move(found)),
        array_(described(found_)),
        limits_(limits) {}
  const ForeignArray& array() const override { return array_; }
  ForeignArray rows(std::int64_t first, std::int64_t count) const override {
    return taken(read_foreign_rows(path_, found_, first, count, limits_), path_);
  }

 private:
  fs::path path_;
  Array found_;
  ForeignArray array_;
  ReadLimits limits_;
};

/// Rows of a .npy file, where they lie.
class NpyRows final : public ForeignRows {
 public:
  NpyRows(const fs::path& path, const NpyFile& found)
      : file_(path), data_(found.data), array_(described(found.array)) {}
  const ForeignArray& array() const override { return array_; }
  ForeignArray rows(std::int64_t first, std::int64_t count) const override {
    ForeignArray some = array_;
    some.shape[0] = count;
    array_.is_real ? read(first, count, some.reals) : read(first, count, some.bytes);
    return some;
  }

 private:
  template <class T>
  void read(std::int64_t first, std::int64_t count, std::vector<T>& values) const {
    std::uint64_t row = 1;
    for (std::size_t axis = 1; axis < array_.shape.size(); ++axis)
      row *= static_cast<std::uint64_t>(array_.shape[axis]);
    values.resize(row * static_cast<std::uint64_t>(count));
    file_.read(data_ + sizeof(T) * row * static_cast<std::uint64_t>(first),
               std::as_writable_bytes(std::span(values)));
  }

  InputFile file_;
  std::uint64_t data_;
  ForeignArray array_;
};

/// Rows of an array that had to be unpacked as a whole.
class RowsInMemory final : public ForeignRows {
 public:
  explicit RowsInMemory(ForeignArray array)
      : bytes_(std::move(array.bytes)), reals_(std::move(array.reals)), array_(std::move(array)) {}
  const ForeignArray& array() const override { return array_; }
  ForeignArray rows(std::int64_t first, std::int64_t count) const override {
    ForeignArray some = array_;
    some.shape[0] = count;
    const auto cut = [&](const auto& all, auto& part) {
      const auto row = static_cast<std::int64_t>(all.size()) / array_.shape.front();
      part.assign(all.begin() + first * row, all.begin() + (first + count) * row);
    };
    array_.is_real ? cut(reals_, some.reals) : cut(bytes_, some.bytes);
    return some;
  }

 private:
  std::vector<std::uint8_t> bytes_;
  std::vector<float> reals_;
  ForeignArray array_;
};

enum class Kind : std::uint8_t { hdf5, npz, npy, npy_folder };

Kind kind_of(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return Kind::npy_folder;
  const InputFile file(path);
  std::array<char, 6> start{};
  file.read(0, std::as_writable_bytes(
                   std::span(start.data(), std::min<std::size_t>(start.size(), file.size()))));
  const std::string_view magic(start.data(), start.size());
  if (magic.starts_with("PK")) return Kind::npz;
  return magic == "\x93NUMPY" ? Kind::npy : Kind::hdf5;
}

std::vector<std::optional<Array>> read_npy_folder(
    const fs::path& folder, std::span<const std::vector<std::string>> wanted) {
  std::vector<std::optional<Array>> arrays;
  for (const std::vector<std::string>& names : wanted) {
    arrays.emplace_back();
    for (const std::string& name : names) {
      std::error_code error;
      const fs::path file = folder / (name + ".npy");
      if (!arrays.back() && fs::exists(file, error)) arrays.back() = read_npy(file, name);
    }
  }
  return arrays;
}

class ArrayFiles final : public DatasetFiles {
 public:
  std::vector<std::optional<ForeignArray>> read_foreign(
      const fs::path& path, std::span<const std::vector<std::string>> wanted,
      const ReadLimits& limits) const override {
    const Kind kind = kind_of(path);
    VARPHASE_CHECK(kind != Kind::npy, ErrorKind::format,
                   "{}: one array, a set wants images and labels\n  give the folder that holds "
                   "x_train.npy, y_train.npy, x_test.npy and y_test.npy, or an .npz file",
                   path.string());
    std::vector<std::optional<Array>> arrays =
        kind == Kind::hdf5  ? read_foreign_arrays(path, wanted, limits)
        : kind == Kind::npz ? read_npz_arrays(path, wanted, limits)
                            : read_npy_folder(path, wanted);
    std::vector<std::optional<ForeignArray>> foreign;
    for (std::optional<Array>& array : arrays) {
      foreign.emplace_back();
      if (array) foreign.back() = taken(*array, path);
      array.reset();
    }
    return foreign;
  }

  std::unique_ptr<ForeignRows> open_rows(const fs::path& path, std::span<const std::string> names,
                                         const ReadLimits& limits) const override {
    const Kind kind = kind_of(path);
    if (kind == Kind::hdf5) {
      std::optional<Array> found = find_foreign_array(path, names, limits);
      return found ? std::make_unique<Hdf5Rows>(path, std::move(*found), limits) : nullptr;
    }
    std::optional<Array> array;
    if (kind == Kind::npz) {
      const std::vector<std::vector<std::string>> wanted{{names.begin(), names.end()}};
      array = std::move(read_npz_arrays(path, wanted, limits).front());
    } else {
      const NpyFile found = open_npy(path, path.filename().string());
      check_not_double(found.array, path);
      if (!found.columns_first) return std::make_unique<NpyRows>(path, found);
      array = read_npy(path, path.filename().string());
    }
    return array ? std::make_unique<RowsInMemory>(taken(*array, path)) : nullptr;
  }

  std::optional<Dataset> read_attacked(const fs::path& path) const override {
    return attacked_images(path);
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
                           {"notes", json_text(Json(dataset.notes), -1)}};
    store(document, "train", dataset.train);
    store(document, "test", dataset.test);
    write_document(path, document);
  }
};

}  // namespace

const DatasetFiles& array_dataset_files() {
  static const ArrayFiles files;
  return files;
}

DataRequest data_request(const DataConfig& config) {
  DataRequest request;
  request.data = config.data;
  request.validation = config.validation;
  request.train_limit = config.train_limit;
  request.test_limit = config.test_limit;
  request.labels = label_kind_from_name(config.labels);
  request.skip_damaged = config.skip_damaged;
  request.files = &array_dataset_files();
  request.form = image_form(config.convert, config.resize);
  request.images_key = config.hdf5_images;
  request.labels_key = config.hdf5_labels;
  request.pixel_range = pixel_range_from_name(config.pixel_range);
  request.limits = read_limits(config);
  return request;
}

ReadLimits read_limits(const DataConfig& config) {
  return {static_cast<std::uint64_t>(config.max_unpacked_bytes), config.max_image_pixels,
          config.max_jpeg_scans};
}

}  // namespace varphase
