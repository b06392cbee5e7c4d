// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "src/data/image_file.hpp"

namespace varphase {

/// An image by its name: whether it can be read is not known yet.
struct ImageFile {
  std::string name;  // from the set's folder: "train/cat/0001.jpg"
  const ImageFormat* format = nullptr;
  std::int64_t label = 0;
  FileIdentity identity;  // all 0: a link to nothing, or no regular file
};

struct PartFiles {
  std::string name;  // "train"
  std::vector<std::string> classes;
  std::vector<ImageFile> files;
};

/// The image files in the class folders of a part, sorted. Hidden files are left out, and so is whatever has no image's
/// name, even a link to an image.
/// @throws Error io: nothing to read, an empty class, folders inside a class folder, a class folder that is a link to
///   nothing.
PartFiles list_part(const std::filesystem::path& root, const std::string& name);

/// "test", or "val" where there is no test.
std::string test_part_name(const std::filesystem::path& root);

/// @throws Error io where the parts have other class folders.
void check_same_classes(const std::filesystem::path& root, const PartFiles& train,
                        const PartFiles& test);

}  // namespace varphase
