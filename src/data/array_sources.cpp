// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/array_sources.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>

#include <fmt/ranges.h>

#include "src/base/error.hpp"
#include "src/data/array_images.hpp"
#include "src/data/array_set.hpp"
#include "src/data/cifar.hpp"
#include "src/data/files_on_disk.hpp"
#include "src/data/held_images.hpp"
#include "src/data/idx.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// Images of one size that lie one after the other.
class ArraySource : public ImageSource {
 public:
  std::int64_t count() const override { return count_; }

  ImagePiece next(std::int64_t most) override {
    const std::int64_t count = std::min(most, count_ - next_);
    ImagePiece piece;
    piece.set.channels = size_.channels;
    piece.set.height = size_.height;
    piece.set.width = size_.width;
    if (count <= 0) {
      form_images(piece.set, form_, threads_);
      return piece;
    }
    piece.set.labels.assign(static_cast<std::size_t>(count), 0);
    piece.set.index.resize(static_cast<std::size_t>(count));
    std::iota(piece.set.index.begin(), piece.set.index.end(), next_);
    fill(next_, count, piece.set);
    next_ += count;
    form_images(piece.set, form_, threads_);
    return piece;
  }

 protected:
  /// Puts the next images, in order, into a set whose size is set.
  virtual void fill(std::int64_t first, std::int64_t count, ImageSet& set) = 0;

  void set_images(const ImageRequest& request, std::int64_t count, const ImageHeader& size) {
    check_image_size(request.paths.front().string(), request.wanted, request.form.of(size));
    count_ = count;
    size_ = size;
    form_ = request.form;
    threads_ = request.threads;
  }
  std::size_t image_bytes() const {
    return static_cast<std::size_t>(size_.channels * size_.height * size_.width);
  }

 private:
  std::int64_t count_ = 0;
  std::int64_t next_ = 0;
  ImageHeader size_;  // in the file
  ImageForm form_;
  unsigned threads_ = 0;
};

class IdxSource final : public ArraySource {
 public:
  explicit IdxSource(const ImageRequest& request)
      : reader_(request.paths.front(), 3, 4, request.limits) {
    const std::vector<std::int64_t>& shape = reader_.shape();
    VARPHASE_CHECK(reader_.count() > 0, ErrorKind::usage,
                   "{}: no images: wants at least one image of one pixel, got [{}]",
                   request.paths.front().string(), fmt::join(shape, ", "));
    set_images(request, shape.front(),
               {shape[shape.size() - 2], shape.back(), shape.size() == 4 ? shape[1] : 1});
  }

 private:
  void fill(std::int64_t first, std::int64_t count, ImageSet& set) override {
    set.pixels.resize(static_cast<std::size_t>(count) * image_bytes());
    reader_.read(set.pixels);
    if (first + count == this->count()) reader_.finish();
  }

  IdxReader reader_;
};

/// CIFAR-100's files are told by their names; a number of bytes may be whole records of both.
CifarRecord record_of(const fs::path& path) {
  const std::string name = path.filename().string();
  std::error_code ignored;
  const std::uintmax_t bytes = fs::file_size(path, ignored);
  const bool hundred = name == "train.bin" || name == "test.bin" ||
                       (bytes % cifar10_record().bytes() != 0 &&
                        bytes % cifar100_record(LabelKind::fine).bytes() == 0);
  return hundred ? cifar100_record(LabelKind::fine) : cifar10_record();
}

class CifarSource final : public ArraySource {
 public:
  explicit CifarSource(const ImageRequest& request)
      : file_(request.paths.front(), record_of(request.paths.front())) {
    const ImageSet shape = empty_cifar_set();
    set_images(request, file_.count(), {shape.height, shape.width, shape.channels});
  }

 private:
  void fill(std::int64_t, std::int64_t count, ImageSet& set) override {
    ImageSet read = empty_cifar_set();
    file_.read(count, read);
    set.pixels = std::move(read.pixels);
  }

  CifarFile file_;
};

class NamedArraySource final : public ArraySource {
 public:
  NamedArraySource(const ImageRequest& request, std::unique_ptr<ForeignRows> rows)
      : rows_(std::move(rows)),
        path_(request.paths.front().string()),
        layout_(array_image_layout(path_, rows_->array(), "")),
        range_(array_pixel_range(path_, rows_->array(), request.pixel_range)) {
    set_images(request, layout_.count, {layout_.height, layout_.width, layout_.channels});
  }

 private:
  void fill(std::int64_t first, std::int64_t count, ImageSet& set) override {
    take_array_images(path_, rows_->rows(first, count), layout_, range_, set);
  }

  std::unique_ptr<ForeignRows> rows_;
  std::string path_;
  ArrayImageLayout layout_;
  PixelRange range_;
};

/// Images of an attack, with the numbers that they had.
class AttackedSource final : public ArraySource {
 public:
  AttackedSource(const ImageRequest& request, const Dataset& attacked)
      : images_(attacked.first_part()) {
    set_images(request, images_.count(), {images_.height, images_.width, images_.channels});
  }

 private:
  void fill(std::int64_t first, std::int64_t count, ImageSet& set) override {
    const std::int64_t size = images_.image_size();
    set.reals.assign(images_.reals.begin() + first * size,
                     images_.reals.begin() + (first + count) * size);
    std::copy_n(images_.index.begin() + first, count, set.index.begin());
  }

  ImageSet images_;
};

}  // namespace

bool holds_idx_images(const fs::path& path) {
  if (!is_file(path)) return false;
  std::array<std::uint8_t, 4> magic{};
  ByteSource source(path);
  return source.read(magic) == magic.size() && magic[0] == 0 && magic[1] == 0 && magic[2] >= 0x08 &&
         magic[2] <= 0x0E;
}

bool holds_cifar_images(const fs::path& path) {
  return is_file(path) && path.extension() == ".bin";
}

bool holds_hdf5_images(const fs::path& path) { return holds_hdf5(path); }

bool holds_numpy_images(const fs::path& path) { return holds_numpy_file(path); }

std::unique_ptr<ImageSource> open_idx_source(const ImageRequest& request) {
  return std::make_unique<IdxSource>(request);
}

std::unique_ptr<ImageSource> open_cifar_source(const ImageRequest& request) {
  return std::make_unique<CifarSource>(request);
}

std::unique_ptr<ImageSource> open_held_source(const ImageRequest& request) {
  const std::string name = request.paths.front().string();
  std::unique_ptr<ForeignRows> rows = open_held_rows(name, image_array_names(""));
  VARPHASE_CHECK(rows != nullptr, ErrorKind::format, "{}: holds no images", name);
  return std::make_unique<NamedArraySource>(request, std::move(rows));
}

std::unique_ptr<ImageSource> open_named_array_source(const ImageRequest& request) {
  const std::string path = request.paths.front().string();
  VARPHASE_CHECK(request.files != nullptr, ErrorKind::usage,
                 "{}: this program was given nothing to read it with", path);
  if (holds_hdf5(request.paths.front())) {
    const std::optional<Dataset> attacked = request.files->read_attacked(request.paths.front());
    if (attacked) return std::make_unique<AttackedSource>(request, *attacked);
  }
  const std::vector<std::string> names = image_array_names(request.images_key);
  std::unique_ptr<ForeignRows> rows =
      request.files->open_rows(request.paths.front(), names, request.limits);
  VARPHASE_CHECK(
      rows != nullptr, ErrorKind::format,
      "{}: holds none of {}: uint8 or float32 [N, H, W], [N, C, H, W] or [N, H, W, C]\n  "
      "--hdf5-images names another",
      path, fmt::join(names, ", "));
  return std::make_unique<NamedArraySource>(request, std::move(rows));
}

}  // namespace varphase
