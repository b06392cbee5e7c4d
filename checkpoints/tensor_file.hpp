// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "src/base/array.hpp"
#include "src/base/read_limits.hpp"

namespace varphase {

/// What files of other programs hold: named arrays (a state_dict) and, in some formats, texts beside them. Half floats
/// (F16, BF16) come as float32, which holds each of their values, and booleans as uint8.
struct TensorFile {
  std::vector<Array> arrays;                    // in the file's order, names as in the file
  std::map<std::string, std::string> metadata;  // safetensors' __metadata__
};

/// Reads safetensors or NPZ, told apart by their first bytes.
/// @throws Error io; format, naming file and object, where the file is damaged, of another kind (PyTorch's own pickles
///   are recognized and named) or holds element types that are not read.
TensorFile read_tensor_file(const std::filesystem::path& path, const ReadLimits& limits = {});

}  // namespace varphase
