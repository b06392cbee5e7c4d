// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "checkpoints/document.hpp"
#include "checkpoints/file_bytes.hpp"

namespace varphase {

/// The HDF5 form of a document. HDF5 works in memory only: it meets no full disk, and what it
/// parses is what was digested. The bytes depend on the document alone, not on the clock.
/// @throws Error format: a name that is no path, twice the same name, sizes that do not fit.
FileBytes hdf5_image(const Document& document);

/// The way back, from bytes that may come from anyone: hard links to groups and chunked datasets
/// only, known element types, one filter (fletcher32), no more values than the bytes can hold, each
/// object once.
/// @param path         named in errors
/// @param with_values  false leaves Array::bytes empty
/// @throws Error format.
Document document_from_hdf5(std::span<const std::byte> image, const std::string& path,
                            bool with_values);

}  // namespace varphase
