// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <cmath>

#include <ATen/ops/conv2d.h>
#include <ATen/ops/zeros.h>

#include "src/base/config.hpp"
#include "src/layers/layer.hpp"

namespace varphase {
namespace {

struct Options {
  std::int64_t out = 0;
  std::int64_t kernel = 3;
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  bool bias = true;
  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("out", out, FieldInfo{.help = "output channels", .min = 1, .max = 1e6});
    visit("kernel", kernel,
          FieldInfo{.help = "side of the square kernel", .unit = "pixels", .min = 1, .max = 1e4});
    visit("stride", stride, FieldInfo{.help = "step", .unit = "pixels", .min = 1, .max = 1e4});
    visit("padding", padding,
          FieldInfo{.help = "zeros around the image", .unit = "pixels", .min = 0, .max = 1e4});
    visit("bias", bias, FieldInfo{.help = "add a bias"});
  }
};

/// y[n,o] = sum_c weight[o,c] * x[n,c] + bias[o]: PyTorch's Conv2d.
class Conv2d final : public Layer {
 public:
  Conv2d(const Options& options, const Shape& input) : options_(options), input_(input) {
    weight_ = at::zeros({options.out, input[0], options.kernel, options.kernel});
    if (options.bias) bias_ = at::zeros({options.out});
  }
  std::string_view kind() const override { return "conv2d"; }
  Json options() const override { return to_json(options_); }
  Shape output_shape() const override {
    const auto extent = [&](std::int64_t size) {
      return (size + 2 * options_.padding - options_.kernel) / options_.stride + 1;
    };
    return {options_.out, extent(input_[1]), extent(input_[2])};
  }
  at::Tensor forward(const at::Tensor& x, const Forward&) override {
    return at::conv2d(x, weight_, bias_.defined() ? std::optional<at::Tensor>(bias_) : std::nullopt,
                      options_.stride, options_.padding);
  }
  std::vector<Parameter> parameters() override {
    std::vector<Parameter> list{{"weight", &weight_, Role::weight, "out,in,height,width"}};
    if (options_.bias) list.push_back({"bias", &bias_, Role::weight, "out"});
    return list;
  }
  void initialize(const NoiseKey& key) override {
    const double bound =
        1 / std::sqrt(static_cast<double>(input_[0] * options_.kernel * options_.kernel));
    weight_ =
        uniform_tensor({options_.out, input_[0], options_.kernel, options_.kernel}, bound, key, 0);
    if (options_.bias) bias_ = uniform_tensor({options_.out}, bound, key, 1);
  }

 private:
  Options options_;
  Shape input_;
  at::Tensor weight_;  // [out, in, kernel, kernel]
  at::Tensor bias_;    // [out]
};

}  // namespace

std::unique_ptr<Layer> make_conv2d(const Json& json, const Shape& input) {
  Options options;
  assign_fields(options, json, "conv2d");
  VARPHASE_CHECK(options.out > 0, ErrorKind::usage,
                 "conv2d: wants \"out\", the number of output channels");
  VARPHASE_CHECK(input.size() == 3, ErrorKind::shape,
                 "conv2d: wants images [channels, height, width], got {}", shape_text(input));
  for (const std::int64_t side : {input[1], input[2]}) {
    VARPHASE_CHECK(side + 2 * options.padding >= options.kernel, ErrorKind::shape,
                   "conv2d: a kernel of {} does not fit into {} with padding {}", options.kernel,
                   shape_text(input), options.padding);
  }
  return std::make_unique<Conv2d>(options, input);
}

}  // namespace varphase
