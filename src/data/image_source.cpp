// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/image_source.hpp"

#include "src/base/error.hpp"
#include "src/data/array_sources.hpp"
#include "src/data/file_source.hpp"
#include "src/data/files_on_disk.hpp"
#include "src/data/held_images.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

std::string known_forms() {
  std::string text;
  for (const ImageSourceKind& kind : image_source_kinds())
    text += fmt::format("\n    {:12} {}", kind.name, kind.holds);
  return text;
}

const ImageSourceKind& kind_of(const fs::path& path) {
  for (const ImageSourceKind& kind : image_source_kinds()) {
    if (kind.recognizes(path)) return kind;
  }
  std::error_code error;
  VARPHASE_CHECK(fs::exists(path, error), ErrorKind::io,
                 "{}: no such file or folder; wants one of{}", path.string(), known_forms());
  fail(ErrorKind::format, "{}: no images that are known; wants one of{}", path.string(),
       known_forms());
}

}  // namespace

const std::vector<ImageSourceKind>& image_source_kinds() {
  static const std::vector<ImageSourceKind> kinds{
      {"image files", "FILE.jpg|jpeg|png ..., or folders of them, nested or flat",
       holds_image_files, open_file_source, true},
      {"hdf5", "a file with `images`, uint8 [N, H, W], [N, C, H, W] or [N, H, W, C]",
       holds_hdf5_images, open_named_array_source, false},
      {"numpy", "a .npy file of images, or an .npz file with `images`, `x_test`, ...",
       holds_numpy_images, open_named_array_source, false},
      {"cifar", "a .bin file of CIFAR-10 or CIFAR-100", holds_cifar_images, open_cifar_source,
       false},
      {"idx", "an IDX file of images, plain or gzipped", holds_idx_images, open_idx_source, false},
  };
  return kinds;
}

std::unique_ptr<ImageSource> open_image_source(const ImageRequest& request) {
  VARPHASE_CHECK(!request.paths.empty(), ErrorKind::usage, "no images are given");
  if (request.paths.size() == 1 && is_held(request.paths.front().string()))
    return open_held_source(request);
  const ImageSourceKind& kind = kind_of(request.paths.front());
  for (const fs::path& path : request.paths) {
    VARPHASE_CHECK(&kind_of(path) == &kind, ErrorKind::usage,
                   "{} is of the form {}, {} is of the form {}: give images of one form",
                   request.paths.front().string(), kind.name, path.string(), kind_of(path).name);
  }
  VARPHASE_CHECK(kind.takes_several || request.paths.size() == 1, ErrorKind::usage,
                 "{} files of the form {}: give one of them", request.paths.size(), kind.name);
  return kind.open(request);
}

void check_image_size(const std::string& file, const ImageHeader& wanted, const ImageHeader& got) {
  VARPHASE_CHECK(
      got.height == wanted.height && got.width == wanted.width && got.channels == wanted.channels,
      ErrorKind::shape,
      "{}: images of {} x {} x {} (channels, height, width), the network wants {} x {} "
      "x {}{}",
      file, got.channels, got.height, got.width, wanted.channels, wanted.height, wanted.width,
      form_hint(got, wanted));
}

}  // namespace varphase
