// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <cmath>

#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>

#include "src/base/config.hpp"
#include "src/layers/layer.hpp"

namespace varphase {
namespace {

struct DenseOptions {
  std::int64_t out = 0;
  bool bias = true;
  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("out", out, FieldInfo{.help = "output units", .min = 1, .max = 1e7});
    visit("bias", bias, FieldInfo{.help = "add a bias"});
  }
};

/// y = weight x + bias: PyTorch's Linear, on the flattened input.
class Dense final : public Layer {
 public:
  Dense(const DenseOptions& options, std::int64_t in) : options_(options), in_(in) {
    weight_ = at::zeros({options.out, in});
    if (options.bias) bias_ = at::zeros({options.out});
  }
  std::string_view kind() const override { return "dense"; }
  Json options() const override { return to_json(options_); }
  Shape output_shape() const override { return {options_.out}; }
  LayerTraits traits() const override {
    LayerTraits traits;
    traits.weights = LayerTraits::Weights::dense;
    traits.geometry = {in_};
    return traits;
  }
  at::Tensor forward(const at::Tensor& x, const Forward&) override {
    return at::linear(x.flatten(1), weight_,
                      bias_.defined() ? std::optional<at::Tensor>(bias_) : std::nullopt);
  }
  std::vector<Parameter> parameters() override {
    std::vector<Parameter> list{{"weight", &weight_, Role::weight, "out,in"}};
    if (options_.bias) list.push_back({"bias", &bias_, Role::weight, "out"});
    return list;
  }
  void initialize(const NoiseKey& key) override {
    weight_ = uniform_tensor({options_.out, in_}, 1 / std::sqrt(static_cast<double>(in_)), key, 0);
    if (options_.bias) bias_ = at::zeros({options_.out});
  }

 private:
  DenseOptions options_;
  std::int64_t in_;
  at::Tensor weight_;  // [out, in]
  at::Tensor bias_;    // [out]
};

}  // namespace

std::unique_ptr<Layer> make_dense(const Json& json, const Shape& input) {
  DenseOptions options;
  assign_fields(options, json, "dense");
  VARPHASE_CHECK(options.out > 0, ErrorKind::usage,
                 "dense: wants \"out\", the number of output units");
  return std::make_unique<Dense>(options, element_count(input));
}

}  // namespace varphase
