// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/layers/conv2d.hpp"

#include <cmath>

#include <ATen/ops/conv2d.h>
#include <ATen/ops/zeros.h>

namespace varphase {

Conv2d::Conv2d(const Conv2dOptions& options, const Shape& input)
    : options_(options), input_(input) {
  weight_ = at::zeros({options.out, input[0], options.kernel, options.kernel});
  if (options.bias) bias_ = at::zeros({options.out});
}

Shape Conv2d::output_shape() const {
  const auto extent = [&](std::int64_t size) {
    return (size + 2 * options_.padding - options_.kernel) / options_.stride + 1;
  };
  return {options_.out, extent(input_[1]), extent(input_[2])};
}

at::Tensor Conv2d::forward(const at::Tensor& x, const Forward&) {
  return at::conv2d(x, weight_, bias_.defined() ? std::optional<at::Tensor>(bias_) : std::nullopt,
                    options_.stride, options_.padding);
}

std::vector<Parameter> Conv2d::parameters() {
  std::vector<Parameter> list{{"weight", &weight_, Role::weight, "out,in,height,width"}};
  if (options_.bias) list.push_back({"bias", &bias_, Role::weight, "out"});
  return list;
}

void Conv2d::initialize(const NoiseKey& key) {
  const double bound =
      1 / std::sqrt(static_cast<double>(input_[0] * options_.kernel * options_.kernel));
  weight_ =
      uniform_tensor({options_.out, input_[0], options_.kernel, options_.kernel}, bound, key, 0);
  if (options_.bias) bias_ = uniform_tensor({options_.out}, bound, key, 1);
}

std::unique_ptr<Layer> make_conv2d(const Json& json, const Shape& input) {
  Conv2dOptions options;
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
