// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "checkpoints/document.hpp"

namespace varphase {

/// The document that the bytes of an HDF5 file hold, whoever made them (the way back from hdf5_bytes). The bytes are
/// read here and not by HDF5, whose parser believes what a file says: only the structures that HDF5 makes for
/// hdf5_bytes are taken, each with its checksum, and each byte at most once (FORMAT.md, "How a file is read").
/// @param path  named in errors
/// @param with_values  false: Array::bytes stay empty
/// @throws Error format.
Document document_from_hdf5(std::span<const std::byte> file, const std::string& path,
                            bool with_values);

}  // namespace varphase
