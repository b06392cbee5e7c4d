// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "src/base/array.hpp"

namespace varphase {

/// The operator set whose operators the models use, and the file format's version (ONNX 1.12).
inline constexpr std::int64_t kOnnxOpset = 17;
inline constexpr std::int64_t kOnnxIrVersion = 8;

/// An operator of a graph, with the names of its inputs and outputs.
struct OnnxNode {
  using Value = std::variant<std::int64_t, float, std::vector<std::int64_t>>;
  std::string op;  // "Conv", "Gemm", ...
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<std::pair<std::string, Value>> attributes;
};

/// A float32 input or output of a graph; its first extent, the number of images, is free.
struct OnnxValue {
  std::string name;
  std::vector<std::int64_t> shape;  // without the number of images
  std::string about;                // doc_string
};

/// What an ONNX file of ours holds: one float32 graph.
struct OnnxModel {
  std::string name;   // of the graph
  std::string about;  // doc_string of the model
  std::string producer_version;
  std::vector<std::pair<std::string, std::string>> metadata;
  std::vector<OnnxNode> nodes;      // in order of execution
  std::vector<Array> initializers;  // float32
  std::vector<OnnxValue> inputs, outputs;
};

/// The model as protobuf (onnx/onnx.proto of ONNX 1.12). The dozen kinds of messages that such a graph needs are
/// written by hand, so that no protobuf library meets the one inside LibTorch.
/// @throws Error unsupported beyond the 2 GiB that a protobuf message may have.
std::string onnx_bytes(const OnnxModel& model);

/// Writes atomically. @return size of the file in bytes. @throws Error io (an older file stays), unsupported.
std::int64_t write_onnx(const std::filesystem::path& path, const OnnxModel& model);

}  // namespace varphase
