// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "checkpoints/document.hpp"
#include "src/base/snapshot.hpp"

namespace varphase {

/// The kind of a checkpoint's document.
inline constexpr const char* kCheckpointKind = "checkpoint";

/// The file form of a snapshot (FORMAT.md, kind "checkpoint"); given an rvalue, no array is copied.
Document to_document(Snapshot snapshot);

/// @param origin  a path, named in errors
/// @throws Error format where the document does not follow the schema (see check_snapshot).
Snapshot snapshot_from_document(Document document, const std::string& origin);

/// Checks a snapshot: names are unique and of the form layer/name; parameters are finite floating-point numbers; each
/// array of the optimizer is exp_avg, exp_avg_sq or momentum_buffer of a parameter and has its shape; each mask is
/// uint8 and has the shape of its layer's weight. Takes time linear in the number of weights.
/// @throws Error format, naming origin and array.
void check_snapshot(const Snapshot& snapshot, const std::string& origin);

/// Checks and writes one checkpoint atomically. @return size of the file in bytes.
/// @throws Error format (see check_snapshot), io; an older file of that name stays.
std::int64_t write_snapshot(const std::filesystem::path& path, Snapshot snapshot);

/// @throws Error io, format (see read_document and check_snapshot).
Snapshot read_snapshot(const std::filesystem::path& path);

}  // namespace varphase
