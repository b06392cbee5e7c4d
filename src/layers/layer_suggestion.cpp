// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/layers/layer_suggestion.hpp"

#include <cctype>
#include <map>

#include <fmt/ranges.h>

#include "src/base/suggest.hpp"
#include "src/layers/layer.hpp"

namespace varphase {
namespace {

/// Small letters and digits alone: Conv2d, conv_2d and conv-2d are one name.
std::string letters(std::string_view kind) {
  std::string text;
  for (const char c : kind) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) text += static_cast<char>(std::tolower(byte));
  }
  return text;
}

const std::map<std::string, std::string>& others_names() {
  static const std::map<std::string, std::string> table{{"linear", "dense"},
                                                        {"fc", "dense"},
                                                        {"fullyconnected", "dense"},
                                                        {"lineardense", "dense"},
                                                        {"conv", "conv2d"},
                                                        {"convolution", "conv2d"},
                                                        {"convolution2d", "conv2d"},
                                                        {"bn", "batch_norm"},
                                                        {"batchnorm2d", "batch_norm"},
                                                        {"batchnorm1d", "batch_norm"},
                                                        {"batchnormalization", "batch_norm"},
                                                        {"maxpool2d", "max_pool"},
                                                        {"maxpooling", "max_pool"},
                                                        {"maxpooling2d", "max_pool"},
                                                        {"pool", "max_pool"},
                                                        {"avgpool2d", "avg_pool"},
                                                        {"averagepooling2d", "avg_pool"},
                                                        {"averagepool", "avg_pool"},
                                                        {"variancelinear", "variance_dense"},
                                                        {"bayeslinear", "variance_dense"},
                                                        {"bayesianlinear", "variance_dense"},
                                                        {"linearvd", "variance_dense"},
                                                        {"variationaldense", "variance_dense"},
                                                        {"variationallinear", "variance_dense"},
                                                        {"varianceconv", "variance_conv2d"},
                                                        {"dropout2d", "dropout"},
                                                        {"swish", "silu"},
                                                        {"logistic", "sigmoid"},
                                                        {"absolute", "abs"}};
  return table;
}

/// The layer kinds that are activations, as their traits say, in the table's order.
std::vector<std::string> activation_names() {
  std::vector<std::string> names;
  for (const std::string& kind : layer_kinds().names()) {
    try {
      if (layer_kinds().at(kind).make(nullptr, {1})->traits().elementwise) names.push_back(kind);
    } catch (const Error&) {  // it wants options or images: no activation
    }
  }
  return names;
}

bool is_one_of(const std::string& name, std::initializer_list<const char*> list) {
  for (const char* item : list)
    if (name == item) return true;
  return false;
}

}  // namespace

std::string layer_suggestion(std::string_view kind) {
  const std::string name = letters(kind);
  for (const std::string& known : layer_kinds().names())
    if (letters(known) == name) return "; did you mean '" + known + "'?";
  const auto other = others_names().find(name);
  if (other != others_names().end()) return "; did you mean '" + other->second + "'?";
  if (is_one_of(name, {"elu", "selu", "celu", "prelu", "relu6", "mish", "hardswish", "hardtanh",
                       "hardsigmoid", "logsigmoid"}))
    return fmt::format("; activations are {}", fmt::join(activation_names(), ", "));
  if (is_one_of(name, {"softmax", "logsoftmax"}))
    return ": the last layer gives logits, of which the loss takes the softmax; leave it out";
  return suggestion(kind, layer_kinds().names());
}

}  // namespace varphase
