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

Shape conv2d_output_shape(const Conv2dOptions& options, const Shape& input) {
  const auto extent = [&](std::int64_t size) {
    return (size + 2 * options.padding - options.kernel) / options.stride + 1;
  };
  return {options.out, extent(input[1]), extent(input[2])};
}

void check_conv2d(const Conv2dOptions& options, const Shape& input, std::string_view kind) {
  VARPHASE_CHECK(options.out > 0, ErrorKind::usage,
                 "{}: wants \"out\", the number of output channels", kind);
  VARPHASE_CHECK(input.size() == 3, ErrorKind::shape,
                 "{}: wants images [channels, height, width], got {}", kind, shape_text(input));
  for (const std::int64_t side : {input[1], input[2]}) {
    VARPHASE_CHECK(side + 2 * options.padding >= options.kernel, ErrorKind::shape,
                   "{}: a kernel of {} does not fit into {} with padding {}", kind, options.kernel,
                   shape_text(input), options.padding);
  }
}

ConvGeometry conv_geometry(const Layer& layer, const Shape& input) {
  const Conv2dOptions options;  // where a spec says nothing
  const Json given = layer.options();
  const Shape output = layer.output_shape();
  return {input[0],
          input[1],
          input[2],
          given.value("kernel", options.kernel),
          given.value("stride", options.stride),
          given.value("padding", options.padding),
          output[1],
          output[2]};
}

Shape Conv2d::output_shape() const { return conv2d_output_shape(options_, input_); }

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
  check_conv2d(options, input, "conv2d");
  return std::make_unique<Conv2d>(options, input);
}

}  // namespace varphase
