// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "checkpoints/tensor_file.hpp"
#include "src/base/array.hpp"

namespace varphase {

/// Reads a safetensors file (huggingface/safetensors, README, "Format") from bytes that anybody may have made: a header
/// of at most 100 MB and 100,000 tensors, no key twice and none unknown, sizes and offsets that agree, and data without
/// holes, overlaps or trailing bytes.
/// @param origin  names the file in messages
/// @throws Error format.
TensorFile parse_safetensors(std::span<const std::byte> file, const std::string& origin);

/// @throws Error io, format (see parse_safetensors).
TensorFile read_safetensors(const std::filesystem::path& path);

/// The header that the reference library (safetensors 0.8.0) writes: tensors ordered by falling alignment of their
/// type, then by name; padded with spaces to 8 bytes.
std::string safetensors_header(const std::vector<Array>& arrays,
                               const std::map<std::string, std::string>& metadata);

/// Writes atomically. @return size of the file in bytes.
/// @throws Error io, an older file of that name stays; format where a name is there twice.
std::int64_t write_safetensors(const std::filesystem::path& path, const std::vector<Array>& arrays,
                               const std::map<std::string, std::string>& metadata);

}  // namespace varphase
