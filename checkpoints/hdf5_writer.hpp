// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "checkpoints/document.hpp"
#include "checkpoints/file_bytes.hpp"

namespace varphase {

/// The HDF5 form of a document. HDF5 works in memory only: it meets no full disk, and what it parses is what was
/// digested. The bytes depend on the document alone, not on the clock.
/// @throws Error format: a name that is no path, twice the same name, sizes that do not fit.
FileBytes hdf5_bytes(const Document& document);

}  // namespace varphase
