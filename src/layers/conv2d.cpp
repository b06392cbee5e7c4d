// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/layers/conv2d.hpp"

#include <cmath>

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "src/kernels/support/kernel_window.hpp"

namespace varphase {

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

ConvGeometry conv_geometry(const Conv2dOptions& options, const Shape& input) {
  const Shape output = conv2d_output_shape(options, input);
  return {input[0],       input[1],        input[2],  options.kernel,
          options.stride, options.padding, output[1], output[2]};
}

at::Tensor conv2d_by_place(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                           const ConvGeometry& g) {
  const auto last = at::MemoryFormat::ChannelsLast;
  at::Tensor out =
      at::empty({x.size(0), weight.size(0), g.out_height, g.out_width}, x.options(), last);
  const at::Tensor inputs = x.contiguous(last).permute({0, 2, 3, 1}),
                   weights = weight.contiguous(last).permute({0, 2, 3, 1}),
                   outputs = out.permute({0, 2, 3, 1});
  for (std::int32_t place = 0; place < g.out_height * g.out_width; ++place) {
    const KernelWindow window(g, place);
    at::Tensor own = outputs.select(1, place / g.out_width).select(1, place % g.out_width);
    if (window.top >= window.bottom) {
      own.copy_(bias.defined() ? bias.expand_as(own) : at::zeros_like(own));
      continue;
    }
    const at::Tensor a = inputs.slice(1, window.y + window.top, window.y + window.bottom)
                             .slice(2, window.x + window.left, window.x + window.right)
                             .flatten(1);
    const at::Tensor w = weights.slice(1, window.top, window.bottom)
                             .slice(2, window.left, window.right)
                             .flatten(1)
                             .t();
    if (bias.defined()) {
      at::addmm_out(own, bias, a, w);
    } else {
      at::mm_out(own, a, w);
    }
  }
  return out;
}

at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                    const ConvGeometry& g) {
  // Where cuDNN is four to sixteen times slower (H100; 512 channels to 4 and 16 places). To 64
  // places of 256 channels, or of 256 images, it is as fast.
  constexpr std::int64_t kMostPlaces = 16, kLeastChannels = 128, kLeastImages = 256;
  const at::Context& context = at::globalContext();
  const bool by_place = x.is_cuda() && !at::GradMode::is_enabled() &&
                        x.scalar_type() == at::kFloat && !context.allowTF32CuDNN() &&
                        !context.allowTF32CuBLAS() && g.kernel > 1 &&
                        g.out_height * g.out_width <= kMostPlaces && x.size(1) >= kLeastChannels &&
                        x.size(0) >= kLeastImages;
  return by_place ? conv2d_by_place(x, weight, bias, g)
                  : at::conv2d(x, weight, bias, g.stride, g.padding);
}

namespace {

/// y[n,o] = sum_c weight[o,c] * x[n,c] + bias[o]: PyTorch's Conv2d.
class Conv2d final : public Layer {
 public:
  Conv2d(const Conv2dOptions& options, const Shape& input)
      : options_(options), input_(input), geometry_(conv_geometry(options, input)) {
    weight_ = at::zeros({options.out, input[0], options.kernel, options.kernel});
    if (options.bias) bias_ = at::zeros({options.out});
  }
  std::string_view kind() const override { return "conv2d"; }
  Json options() const override { return to_json(options_); }
  Shape output_shape() const override { return conv2d_output_shape(options_, input_); }
  LayerTraits traits() const override {
    LayerTraits traits;
    traits.weights = LayerTraits::Weights::conv2d;
    traits.geometry = geometry_;
    return traits;
  }
  at::Tensor forward(const at::Tensor& x, const Forward&) override {
    return convolve(x, weight_, bias_, geometry_);
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
  Conv2dOptions options_;
  Shape input_;
  ConvGeometry geometry_;
  at::Tensor weight_;  // [out, in, kernel, kernel]
  at::Tensor bias_;    // [out], or undefined
};

}  // namespace

std::unique_ptr<Layer> make_conv2d(const Json& json, const Shape& input) {
  Conv2dOptions options;
  assign_fields(options, json, "conv2d");
  check_conv2d(options, input, "conv2d");
  return std::make_unique<Conv2d>(options, input);
}

}  // namespace varphase
