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

/// A safetensors file (huggingface/safetensors, README, "Format") from its bytes, taken as hostile:
/// header of at most 100 MB and 100,000 tensors, no key twice or unknown, sizes and offsets that
/// agree, the data covered without holes, overlaps or trailing bytes.
/// @param origin  names the file in messages
/// @throws Error format.
TensorFile parse_safetensors(std::span<const std::byte> file, const std::string& origin);

/// @throws Error io, format (see parse_safetensors).
TensorFile read_safetensors(const std::filesystem::path& path);

/// The bytes that the reference library (safetensors 0.8.0) writes: tensors by falling alignment of
/// their type, then by name; header padded to 8 bytes with spaces.
std::string safetensors_header(const std::vector<Array>& arrays,
                               const std::map<std::string, std::string>& metadata);

/// Writes atomically. @return size of the file in bytes.
/// @throws Error io, an older file of that name stays; format where a name is there twice.
std::int64_t write_safetensors(const std::filesystem::path& path, const std::vector<Array>& arrays,
                               const std::map<std::string, std::string>& metadata);

}  // namespace varphase
