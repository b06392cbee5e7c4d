// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "src/data/dataset.hpp"
#include "src/data/image_format.hpp"

namespace varphase {

/// Some images of a source, in its order.
struct ImagePiece {
  /// Labels are 0; `index` is the image's place in the source, or the number that its file gives it.
  ImageSet set;
  std::vector<std::string> names;  // the file of each image; empty where the source is one file
};

/// Images without labels, read in order, of which no more are in memory than were asked for.
class ImageSource {
 public:
  virtual ~ImageSource() = default;
  /// How many images there are, damaged ones included.
  virtual std::int64_t count() const = 0;
  /// Whether each image is a file of its own.
  virtual bool named() const { return false; }
  /// The next images, at most `most` places of the source; an empty set at its end.
  /// @throws Error naming the file: format (damaged, unsupported, not there), shape (another size than wanted).
  virtual ImagePiece next(std::int64_t most) = 0;
  /// What was left out so far, "cat/1.jpg (truncated)".
  const std::vector<std::string>& left_out() const { return left_out_; }

 protected:
  std::vector<std::string> left_out_;
};

struct ImageRequest {
  std::vector<std::filesystem::path> paths;
  ImageHeader wanted;                             // height, width, channels that the network takes
  bool skip_damaged = false;                      // leave image files out that cannot be read
  unsigned threads = 0;                           // that decode images; 0: all cores
  const DatasetFiles* files = nullptr;            // HDF5 and NumPy; null: none
  ImageForm form;                                 // that images are brought to
  std::string images_key;                         // the array's name; "": the usual ones
  PixelRange pixel_range = PixelRange::unstated;  // of images in float32
  ReadLimits limits;
};

/// A form in which images to be predicted lie on a disk.
struct ImageSourceKind {
  const char* name;
  const char* holds;  // for help and errors
  bool (*recognizes)(const std::filesystem::path& path);
  std::unique_ptr<ImageSource> (*open)(const ImageRequest& request);
  bool takes_several;  // paths at once
};

/// Every form, in the order in which a path is tried.
const std::vector<ImageSourceKind>& image_source_kinds();

/// @throws Error usage, io naming the forms that are known; whatever the form's reader finds wrong.
std::unique_ptr<ImageSource> open_image_source(const ImageRequest& request);

/// @throws Error shape naming the file, what is wanted and what it has.
void check_image_size(const std::string& file, const ImageHeader& wanted, const ImageHeader& got);

}  // namespace varphase
