// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/data/image_source.hpp"

namespace varphase {

/// Whether a path is an image file by its name, or a folder.
bool holds_image_files(const std::filesystem::path& path);

/// Image files in the order given, those of a folder by their path in it, hidden ones and other files left out. They
/// are decoded on all cores; grey images become as many equal channels as the network wants.
std::unique_ptr<ImageSource> open_file_source(const ImageRequest& request);

}  // namespace varphase
