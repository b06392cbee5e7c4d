// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "src/base/json.hpp"
#include "src/data/dataset.hpp"

namespace varphase {

/// Key of the images' digest in a file's provenance.
inline constexpr const char* kDatasetDigest = "dataset_digest";

/// What a result says of its images: {"source", "digest", "as_trained": true, false, or null where
/// the network's file does not tell}. Where they are not those that the network was trained on,
/// the log says so too.
/// @param trained  their digest by the network's file; "" where it has none
/// @param file     that file, to be named
Json trained_images(const Dataset& dataset, const std::string& trained, const std::string& file);

}  // namespace varphase
