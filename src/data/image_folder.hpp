// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "src/data/readers.hpp"

namespace varphase {

/// A folder of images: train/CLASS/FILE and test/CLASS/FILE (or val/CLASS/FILE where there is no test), FILE being one
/// of image_formats(). Labels count the class folders in the order of their names, `index` the files in the order of
/// class and name.
bool holds_image_folder(const std::filesystem::path& path);

/// Decodes all images on all cores. Grey images of a set that has colour get three equal channels. With options.files
/// the decoded set is kept in the user's cache (ImageCache).
///
/// @throws Error io: nothing to read, class folders of train and test differ, an empty class; format: an image is
///   damaged, of a kind that is not read, or cannot be opened (how many, the first by name; options.skip_damaged leaves
///   them out and says so in `notes`), an image has another size than the first; unsupported: this build lacks the
///   library.
Dataset read_image_folder(const std::filesystem::path& path, const ReadOptions& options);

}  // namespace varphase
