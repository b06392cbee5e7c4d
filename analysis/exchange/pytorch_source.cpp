// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/exchange/pytorch_source.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "checkpoints/inspect.hpp"
#include "src/base/error.hpp"
#include "src/base/json.hpp"
#include "varphase_pytorch_module.h"

namespace varphase {
namespace {

// What `make` of pytorch_module.py knows.
constexpr std::array<std::string_view, 18> kKinds{"dense",    "variance_dense",
                                                  "conv2d",   "variance_conv2d",
                                                  "max_pool", "avg_pool",
                                                  "flatten",  "batch_norm",
                                                  "relu",     "leaky_relu",
                                                  "softplus", "tanh",
                                                  "sigmoid",  "silu",
                                                  "gelu",     "abs",
                                                  "dropout",  "gaussian_dropout"};

void check_layers(const Json& network, const std::string& origin) {
  for (const Json& layer : network.at("layers")) {
    const std::string kind = layer.is_string() ? layer.get<std::string>() : layer.begin().key();
    VARPHASE_CHECK(std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end(),
                   ErrorKind::unsupported,
                   "{}: its layer '{}' has no module in a PyTorch file\n  --to safetensors exports "
                   "the weights",
                   origin, kind);
  }
}

/// RFC 4648, in lines; the bytes may come in pieces.
class Base64 {
 public:
  void add(std::span<const std::byte> bytes) {
    for (const std::byte byte : bytes) {
      word_ = (word_ << 8U) | static_cast<std::uint32_t>(byte);
      if (++held_ == 3) put(4);
    }
  }
  std::string finish() {
    if (held_ > 0) {
      const int digits = held_ + 1;
      word_ <<= 8U * static_cast<unsigned>(3 - held_);
      put(digits);
      text_.append(static_cast<std::size_t>(4 - digits), '=');
    }
    return std::move(text_);
  }

 private:
  void put(int digits) {
    static constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int i = 0; i < digits; ++i)
      text_ += kDigits[word_ >> (18U - 6U * static_cast<unsigned>(i)) & 63U];
    word_ = 0;
    held_ = 0;
    if (++groups_ % 30 == 0) text_ += '\n';
  }

  std::string text_;
  std::uint32_t word_ = 0;
  int held_ = 0;
  std::int64_t groups_ = 0;
};

/// A template with each "@name@" replaced, once, in their order.
std::string filled(std::string_view text,
                   std::initializer_list<std::pair<std::string_view, std::string>> values) {
  std::string made;
  for (const auto& [name, value] : values) {
    const std::size_t at = text.find(name);
    made.append(text.substr(0, at)).append(value);
    text.remove_prefix(at + name.size());
  }
  return made.append(text);
}

}  // namespace

std::string pytorch_source(const TensorFile& file, const std::string& origin) {
  const std::string& text = file.metadata.at("varphase.config");
  const Json config = parse_json(text, origin + ": config");
  check_layers(config.at("network"), origin);
  std::string tensors = "[\n";
  Base64 data;
  for (const Array& array : file.arrays) {
    tensors += fmt::format("    ({}, \"{}\", {}),\n", json_text(Json(array.name), -1),
                           element_name(array.type), json_text(Json(array.shape), -1));
    data.add(array.bytes);
  }
  Json data_config = Json::object();
  for (const char* key : {"normalize", "pixel_mean", "pixel_std", "class_names"})
    if (config.at("data").contains(key)) data_config[key] = config["data"][key];
  const Json kept{{"network", config.at("network")}, {"data", data_config}};
  // A text in JSON is one in Python too.
  const auto quoted = [](const std::string& value) { return json_text(Json(value), -1); };
  const std::string about = quoted(origin);
  return filled(kPytorchModule, {{"@about@", about.substr(1, about.size() - 2)},
                                 {"\"@config@\"", quoted(json_text(kept, -1))},
                                 {"[\"@tensors@\"]", tensors + "]"},
                                 {"@data@", data.finish()}});
}

}  // namespace varphase
