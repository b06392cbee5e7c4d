// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/base/config.hpp"
#include "src/kernels/support/conv_geometry.hpp"
#include "src/layers/layer.hpp"

namespace varphase {

struct Conv2dOptions {
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

/// [out, height, width] of a convolution's output.
Shape conv2d_output_shape(const Conv2dOptions& options, const Shape& input);

/// @throws Error usage or shape, naming the layer kind, where the kernel does not fit the input.
void check_conv2d(const Conv2dOptions& options, const Shape& input, std::string_view kind);

ConvGeometry conv_geometry(const Conv2dOptions& options, const Shape& input);

/// conv2d of images with any weights of that geometry, whose channels are not looked at (a part of
/// them may be left); bias undefined: none. On a GPU, where no gradient is asked for and products
/// are IEEE float32, a convolution of many channels to few places goes by conv2d_by_place: cuDNN
/// takes Fourier transforms there, four to sixteen times as long.
/// @param x [N, in, height, width] @param weight [out, in, kernel, kernel]
at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                    const ConvGeometry& geometry);

/// The same by a product for each place of the output, with the weights that lie inside the input
/// there. No gradients. @return [N, out, out_height, out_width], channels-last
at::Tensor conv2d_by_place(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                           const ConvGeometry& geometry);

}  // namespace varphase
