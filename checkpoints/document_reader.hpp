// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "checkpoints/document.hpp"

namespace varphase {

/// The way back from hdf5_image, from bytes that may come from anyone. Read here and not by HDF5,
/// whose parser believes what a file says: the structures that HDF5 makes for hdf5_image and no
/// others, each with its checksum, each byte at most once (FORMAT.md, "How a file is read").
/// @param path         named in errors
/// @param with_values  false leaves Array::bytes empty
/// @throws Error format.
Document document_from_image(std::span<const std::byte> image, const std::string& path,
                             bool with_values);

}  // namespace varphase
