// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/onnx_model.hpp"

#include <cstring>
#include <string_view>

#include "checkpoints/file_bytes.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace {

constexpr std::size_t kMaxBytes = 0x7fffffff;
constexpr std::int64_t kFloat = 1;  // TensorProto.DataType

/// One protobuf message: fields in the order in which they are added.
class Message {
 public:
  void integer(std::uint32_t field, std::int64_t value) {
    tag(field, 0);
    varint(static_cast<std::uint64_t>(value));
  }
  void real(std::uint32_t field, float value) {
    tag(field, 5);
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    bytes_.append(bytes, sizeof value);
  }
  void text(std::uint32_t field, std::string_view value) {
    tag(field, 2);
    varint(value.size());
    bytes_ += value;
  }
  void message(std::uint32_t field, const Message& value) { text(field, value.bytes_); }

  const std::string& bytes() const { return bytes_; }

 private:
  void tag(std::uint32_t field, std::uint32_t wire_type) { varint(field << 3U | wire_type); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) bytes_ += static_cast<char>(value | 0x80U);
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

// Field numbers as onnx.proto has them.

Message attribute_message(const std::string& name, const OnnxNode::Value& value) {
  constexpr std::int64_t kTypeFloat = 1, kTypeInt = 2, kTypeInts = 7;
  Message message;
  message.text(1, name);
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    message.integer(3, *number);
    message.integer(20, kTypeInt);
  } else if (const auto* real = std::get_if<float>(&value)) {
    message.real(2, *real);
    message.integer(20, kTypeFloat);
  } else {
    for (const std::int64_t entry : std::get<std::vector<std::int64_t>>(value))
      message.integer(8, entry);
    message.integer(20, kTypeInts);
  }
  return message;
}

Message node_message(const OnnxNode& node) {
  Message message;
  for (const std::string& name : node.inputs) message.text(1, name);
  for (const std::string& name : node.outputs) message.text(2, name);
  message.text(3, node.outputs.front());
  message.text(4, node.op);
  for (const auto& [name, value] : node.attributes)
    message.message(5, attribute_message(name, value));
  return message;
}

Message tensor_message(const Array& array) {
  VARPHASE_CHECK(array.type == ElementType::float32, ErrorKind::unsupported,
                 "{}: an ONNX file of Varphase holds float32 alone", array.name);
  Message message;
  for (const std::int64_t extent : array.shape) message.integer(1, extent);
  message.integer(2, kFloat);
  message.text(8, array.name);
  message.text(9, {reinterpret_cast<const char*>(array.bytes.data()), array.bytes.size()});
  return message;
}

Message value_message(const OnnxValue& value) {
  Message shape;
  Message images;
  images.text(2, "images");
  shape.message(1, images);
  for (const std::int64_t extent : value.shape) {
    Message dimension;
    dimension.integer(1, extent);
    shape.message(1, dimension);
  }
  Message tensor;
  tensor.integer(1, kFloat);
  tensor.message(2, shape);
  Message type;
  type.message(1, tensor);
  Message message;
  message.text(1, value.name);
  message.message(2, type);
  message.text(3, value.about);
  return message;
}

Message graph_message(const OnnxModel& model) {
  Message message;
  for (const OnnxNode& node : model.nodes) message.message(1, node_message(node));
  message.text(2, model.name);
  for (const Array& array : model.initializers) message.message(5, tensor_message(array));
  for (const OnnxValue& value : model.inputs) message.message(11, value_message(value));
  for (const OnnxValue& value : model.outputs) message.message(12, value_message(value));
  return message;
}

}  // namespace

std::string onnx_bytes(const OnnxModel& model) {
  std::size_t weights = 0;
  for (const Array& array : model.initializers) weights += array.bytes.size();
  VARPHASE_CHECK(weights < kMaxBytes, ErrorKind::unsupported,
                 "{} bytes of weights, an ONNX file holds at most 2 GiB", weights);
  Message opset;
  opset.text(1, "");
  opset.integer(2, kOnnxOpset);
  Message message;
  message.integer(1, kOnnxIrVersion);
  message.text(2, "varphase");
  message.text(3, model.producer_version);
  message.text(6, model.about);
  message.message(7, graph_message(model));
  message.message(8, opset);
  for (const auto& [key, value] : model.metadata) {
    Message entry;
    entry.text(1, key);
    entry.text(2, value);
    message.message(14, entry);
  }
  VARPHASE_CHECK(message.bytes().size() <= kMaxBytes, ErrorKind::unsupported,
                 "{} bytes, an ONNX file has at most 2 GiB", message.bytes().size());
  return message.bytes();
}

std::int64_t write_onnx(const std::filesystem::path& path, const OnnxModel& model) {
  const std::string bytes = onnx_bytes(model);
  write_atomically(path, [&](const std::filesystem::path& temporary) {
    write_new_file(temporary, {std::as_bytes(std::span(bytes))});
  });
  return static_cast<std::int64_t>(bytes.size());
}

}  // namespace varphase
