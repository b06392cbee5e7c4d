// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <vector>

#include <ATen/TensorOperators.h>

#include "src/layers/layer.hpp"

namespace varphase {

/// y = x + body(x), for tests: a layer that holds layers. {"residual": [layers of the body]}
class Residual final : public Layer {
 public:
  Residual(const Json& options, const Shape& input) : options_(options), shape_(input) {
    Shape shape = input;
    for (const Json& entry : options) {
      const std::string kind = entry.is_string() ? entry.get<std::string>() : entry.begin().key();
      const Json own = entry.is_string() ? Json() : entry.begin().value();
      body_.push_back(kind == "residual" ? std::make_unique<Residual>(own, shape)
                                         : layer_kinds().at(kind).make(own, shape));
      shape = body_.back()->output_shape();
    }
    VARPHASE_CHECK(shape == input, ErrorKind::shape, "residual: its body changes the shape");
  }
  std::string_view kind() const override { return "residual"; }
  Json options() const override { return options_; }
  Shape output_shape() const override { return shape_; }
  at::Tensor forward(const at::Tensor& x, const Forward& how) override {
    at::Tensor y = x;
    for (const auto& layer : body_) y = layer->forward(y, how);
    return x + y;
  }
  std::vector<Layer*> children() override {
    std::vector<Layer*> list;
    for (const auto& layer : body_) list.push_back(layer.get());
    return list;
  }

 private:
  Json options_;
  Shape shape_;
  std::vector<std::unique_ptr<Layer>> body_;
};

inline std::unique_ptr<Layer> make_residual(const Json& options, const Shape& input) {
  return std::make_unique<Residual>(options, input);
}

/// Some usual kinds, and the residual.
inline const Registry<LayerKind>& kinds_with_residual() {
  static const Registry<LayerKind> table{"layer",
                                         {{"residual", {make_residual, "block"}},
                                          {"dense", layer_kinds().at("dense")},
                                          {"variance_dense", layer_kinds().at("variance_dense")},
                                          {"batch_norm", layer_kinds().at("batch_norm")},
                                          {"tanh", layer_kinds().at("tanh")},
                                          {"flatten", layer_kinds().at("flatten")}}};
  return table;
}

/// dense1, block1 with two variance layers (one of them a block deeper), and a variance head.
inline Json residual_network() {
  return Json::parse(R"({"input": [1, 8, 8], "classes": 3, "layers": [
    {"dense": {"out": 6}},
    {"residual": [{"variance_dense": {"out": 6, "log_alpha": -1, "bias": true}}, "batch_norm", "tanh",
                  {"residual": [{"variance_dense": {"out": 6, "parameterization": "weight",
                                                    "log_alpha": -2}}]}]},
    {"variance_dense": {"out": 5, "log_alpha": 0}}, "batch_norm", "tanh", {"dense": {"out": 3}}]})");
}

}  // namespace varphase
