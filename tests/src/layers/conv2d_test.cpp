// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/layers/conv2d.hpp"

#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/conv2d.h>

#include "tests/support/device.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

struct Case {
  Conv2dOptions options;
  Shape input;
};

TEST(Conv2dByPlace, MeetsFloat64) {
  at::manual_seed(1);
  const at::NoGradGuard no_gradients;
  const Case cases[] = {
      {{.out = 7, .kernel = 3, .stride = 1, .padding = 1}, {5, 2, 2}},
      {{.out = 8, .kernel = 3, .stride = 2, .padding = 1}, {3, 7, 4}},
      {{.out = 4, .kernel = 5, .stride = 1, .padding = 0}, {6, 8, 8}},
      {{.out = 3, .kernel = 2, .stride = 3, .padding = 4}, {4, 3, 3}},  // padding alone
      {{.out = 3, .kernel = 4, .stride = 1, .padding = 0}, {2, 4, 4}}};
  for (const Case& c : cases) {
    const ConvGeometry g = conv_geometry(c.options, c.input);
    for (const bool with_bias : {true, false}) {
      const at::Tensor x = at::randn({9, c.input[0], c.input[1], c.input[2]}).to(test_device());
      const at::Tensor weight =
          at::randn({c.options.out, c.input[0], g.kernel, g.kernel}).to(test_device());
      const at::Tensor bias =
          with_bias ? at::randn({c.options.out}).to(test_device()) : at::Tensor();
      at::Tensor wanted =
          at::conv2d(x.to(at::kDouble), weight.to(at::kDouble), {}, g.stride, g.padding);
      if (with_bias) wanted = wanted + bias.reshape({-1, 1, 1});
      const at::Tensor got = conv2d_by_place(x, weight, bias, g);
      EXPECT_TRUE(close(got, wanted, tolerance::kFloatSquares))
          << g.kernel << ", bias " << with_bias;
      EXPECT_TRUE(got.is_contiguous(at::MemoryFormat::ChannelsLast));
    }
  }
}

TEST(Conv2dByPlace, TakesThePlaceOfFourierTransformsOnAGpu) {
  at::manual_seed(2);
  const ConvGeometry g =
      conv_geometry({.out = 160, .kernel = 3, .stride = 1, .padding = 1}, {128, 2, 2});
  const at::Tensor x = at::randn({300, 128, 2, 2}).to(test_device());
  const at::Tensor weight = at::randn({160, 128, 3, 3}).to(test_device());
  const at::Tensor wanted = at::conv2d(x.to(at::kDouble), weight.to(at::kDouble), {}, 1, 1);
  const bool tf32 = at::globalContext().allowTF32CuDNN();
  at::globalContext().setAllowTF32CuDNN(false);
  at::Tensor quiet;
  {
    const at::NoGradGuard no_gradients;
    quiet = convolve(x, weight, {}, g);
    if (test_device().is_cuda()) {
      EXPECT_TRUE(at::equal(quiet, conv2d_by_place(x, weight, {}, g)));
    }
  }
  EXPECT_TRUE(close(quiet, wanted, tolerance::kFloatSquares));
  // With gradients Torch's own convolution, whose backward pass is known.
  const at::Tensor learned = weight.clone().set_requires_grad(true);
  const at::Tensor out = convolve(x, learned, {}, g);
  EXPECT_TRUE(out.requires_grad());
  EXPECT_TRUE(close(out, wanted, tolerance::kFloatSquares));
  at::globalContext().setAllowTF32CuDNN(tf32);
}

}  // namespace
}  // namespace varphase
