// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "src/data/dataset_files.hpp"

namespace varphase {

/// An array that the program which calls us has in its memory (a tensor of Python's), to be read in place of one of a file.
struct HeldArray {
  ForeignArray about;  // its name ("train/images", "labels"), shape, type and range; no values
  std::span<const std::byte> host;  // its values, row-major: uint8, float32 or int64
  HeldPixels where;  // of bytes: where they lie for good; empty: nowhere but in `host`
  std::shared_ptr<const void> owner;  // of both
};

/// Keeps arrays until they are released.
/// @return a name that stands for them where a data set's name or path is wanted
std::string hold_images(std::vector<HeldArray> arrays);
void release_images(const std::string& name);

/// Whether such arrays are held by that name.
bool is_held(const std::string& name);

/// As DatasetFiles::read_foreign. @throws Error io where nothing is held by that name.
std::vector<std::optional<ForeignArray>> read_held(
    const std::string& name, std::span<const std::vector<std::string>> wanted);

/// As DatasetFiles::open_rows; they must be held until it is gone. @throws Error io likewise.
std::unique_ptr<ForeignRows> open_held_rows(const std::string& name,
                                            std::span<const std::string> names);

}  // namespace varphase
