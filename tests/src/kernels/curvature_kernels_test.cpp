// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <ATen/ATen.h>

#include "src/kernels/curvature/fold_columns.hpp"
#include "src/kernels/curvature/gate_factors.hpp"
#include "src/kernels/curvature/pooled_pairs.hpp"
#include "src/kernels/curvature/pooled_pull.hpp"
#include "src/kernels/curvature/pooled_squares.hpp"
#include "src/kernels/curvature/unit_patches.hpp"
#include "src/kernels/products/squared_product.hpp"
#include "src/torch/kernel_arguments.hpp"
#include "tests/support/device.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

at::Tensor there(const at::Tensor& tensor) { return tensor.to(test_device()).contiguous(); }

TEST(SquaredProduct, MeetsTheSumWrittenOut) {
  at::manual_seed(1);
  use_torch_threads();
  struct Size {
    std::int64_t images, repeat, m, n, k;
  };
  // Every cut of the kernel, whole and ragged.
  for (const Size& size : {Size{3, 9, 64, 576, 64},
                           {2, 5, 20, 25, 576},
                           {2, 7, 20, 25, 36},
                           {2, 4, 20, 150, 100},
                           {2, 4, 30, 200, 36},
                           {2, 3, 64, 75, 784},
                           {2, 3, 50, 90, 144},
                           {2, 3, 96, 576, 144},
                           {2, 3, 90, 130, 100},
                           {2, 3, 128, 1152, 36},
                           {1, 1, 1, 1, 4},
                           {1, 500, 50, 500, 64}}) {
    const at::Tensor a = at::randn({size.images, size.repeat, size.m, size.k}),
                     b = at::randn({size.images, size.n, size.k}),
                     sign = at::randint(2, {size.images, size.repeat}, at::kFloat) * 2 - 1,
                     before = at::randn({size.m, size.n});
    const at::Tensor wide =
        at::matmul(a.to(at::kDouble), b.to(at::kDouble).transpose(1, 2).unsqueeze(1));
    for (const bool with_sign : {false, true}) {
      const at::Tensor weight = with_sign
                                    ? sign.to(at::kDouble).view({size.images, size.repeat, 1, 1})
                                    : at::ones({1}, at::kDouble);
      const at::Tensor wanted = before + (wide.square() * weight).sum(at::IntArrayRef{0, 1});
      const at::Tensor on_a = there(a), on_b = there(b), on_sign = there(sign),
                       sum = there(before.clone());
      SquaredProduct job;
      job.a = data_of<float>(on_a);
      job.b = data_of<float>(on_b);
      job.sign = with_sign ? data_of<float>(on_sign) : nullptr;
      job.items = size.images * size.repeat;
      job.repeat = size.repeat;
      job.m = size.m;
      job.n = size.n;
      job.k = size.k;
      job.sum = data_of<float>(sum);
      const at::Tensor parts =
          at::empty({squared_product_parts(job), size.m, size.n}, sum.options());
      job.parts = data_of<float>(parts);
      ASSERT_TRUE(squared_product_fits(size.k));
      squared_product(job, where_of(sum));
      EXPECT_TRUE(close(sum, wanted, tolerance::kFloatSquares))
          << size.m << ' ' << size.n << ' ' << size.k;
    }
  }
  EXPECT_FALSE(squared_product_fits(25));
}

TEST(GateFactors, SpreadsOverWindowsAndMultiplies) {
  at::manual_seed(2);
  for (const auto& [window, height, width] :
       {std::tuple<std::int64_t, std::int64_t, std::int64_t>{1, 4, 5}, {2, 7, 6}, {3, 9, 11}}) {
    for (const bool shared : {false, true}) {
      const std::int64_t images = 3, factors = 20, channels = 2, rows = height / window,
                         columns = width / window;
      const at::Tensor v = at::randn({images, factors, channels, rows, columns}, at::kDouble);
      const at::Tensor multiplier =
          at::randn({shared ? 1 : images, channels, height, width}, at::kDouble);
      at::Tensor wanted = at::zeros({images, factors, channels, height, width}, at::kDouble);
      for (std::int64_t y = 0; y < rows * window; ++y) {
        for (std::int64_t x = 0; x < columns * window; ++x) {
          wanted.select(4, x).select(3, y).copy_(v.select(4, x / window).select(3, y / window) *
                                                 multiplier.select(3, x).select(2, y).unsqueeze(1));
        }
      }
      const at::Tensor on_v = there(v), by = there(multiplier);
      const at::Tensor out = at::full(wanted.sizes(), 7.0, on_v.options());
      gate_factors(
          GateFactors<double>{data_of<double>(on_v), data_of<double>(by), shared, images, factors,
                              channels, height, width, window, data_of<double>(out)},
          where_of(out));
      EXPECT_TRUE(at::equal(out.to(at::kCPU), wanted)) << window << shared;
    }
  }
}

struct Geometry {
  std::int64_t kernel, stride, padding, height, width;
  std::int64_t out(std::int64_t side) const { return (side + 2 * padding - kernel) / stride + 1; }
  ConvGeometry with(std::int64_t channels) const {
    return {channels, height, width, kernel, stride, padding, out(height), out(width)};
  }
};

const Geometry kGeometries[] = {{3, 1, 0, 6, 7}, {3, 1, 1, 5, 5}, {2, 2, 0, 7, 6}, {5, 2, 2, 9, 8}};

TEST(UnitPatches, AreRowsOfTheConvolutionsJacobian) {
  at::manual_seed(3);
  const std::int64_t channels = 3, out = 4;
  for (const Geometry& g : kGeometries) {
    const at::Tensor weight = at::randn({out, channels, g.kernel, g.kernel}, at::kDouble);
    const std::int64_t units = out * g.out(g.height) * g.out(g.width);
    const at::Tensor unit = at::arange(units, at::kLong), scale = at::randn({units}, at::kDouble);
    const at::Tensor one_hot = at::diag(scale).view({units, out, g.out(g.height), g.out(g.width)});
    const at::Tensor input = at::zeros({units, channels, g.height, g.width}, at::kDouble);
    const at::Tensor wanted = std::get<0>(at::convolution_backward(
        one_hot, input, weight, {}, {g.stride, g.stride}, {g.padding, g.padding}, {1, 1}, false,
        {0, 0}, 1, {true, false, false}));
    const at::Tensor w = there(weight), u = there(unit), s = there(scale);
    const at::Tensor got = at::full(wanted.sizes(), 7.0, w.options());
    unit_patches(
        UnitPatches<double>{data_of<double>(w), data_of<std::int64_t>(u), data_of<double>(s), units,
                            g.with(channels), data_of<double>(got)},
        where_of(got));
    EXPECT_TRUE(close(got, wanted, tolerance::kDoubleSteps));
  }
}

TEST(FoldColumns, AddsThemAsTheInputGradientDoes) {
  at::manual_seed(4);
  for (const Geometry& g : kGeometries) {
    for (const std::int64_t channels : {3, 70}) {
      const std::int64_t rows = 5, positions = g.out(g.height) * g.out(g.width),
                         cells = channels * g.kernel * g.kernel;
      const at::Tensor columns = at::randn({rows, positions, cells}, at::kDouble);
      const at::Tensor wanted =
          at::col2im(columns.transpose(1, 2), {g.height, g.width}, {g.kernel, g.kernel}, {1, 1},
                     {g.padding, g.padding}, {g.stride, g.stride});
      const at::Tensor from = there(columns);
      const at::Tensor got = at::full(wanted.sizes(), 7.0, from.options());
      fold_columns(
          FoldColumns<double>{data_of<double>(from), rows, g.with(channels), data_of<double>(got)},
          where_of(got));
      EXPECT_TRUE(close(got, wanted, tolerance::kDoubleSteps));
    }
  }
}

// Random winners of a convolution below a pool, some of which pass nothing on; wanted comes from
// all units, most of them zero.
struct PooledCase {
  static constexpr std::int64_t images = 3;
  Geometry g;
  std::int64_t channels, outputs, cells, factors;
  // v [N, cells, O, F], position and multiplier [N, cells, O]
  at::Tensor v, position, multiplier, weight, input, sign;

  PooledCase(const Geometry& geometry, std::int64_t channel_count, std::int64_t output_count,
             std::int64_t cell_count, std::int64_t factor_count)
      : g(geometry),
        channels(channel_count),
        outputs(output_count),
        cells(cell_count),
        factors(factor_count) {
    v = at::randn({images, cells, outputs, factors}, at::kDouble);
    // Two cells may have the same winner: pools may overlap.
    position =
        at::randint(-1, g.out(g.height) * g.out(g.width), {images, cells, outputs}, at::kInt);
    multiplier = at::randn({images, cells, outputs}, at::kDouble);
    weight = at::randn({outputs, channels, g.kernel, g.kernel}, at::kDouble);
    input = at::randn({images, channels, g.height, g.width}, at::kDouble);
    sign = at::randint(2, {images, factors}, at::kDouble) * 2 - 1;
  }
  /// [N, F, O, out height, out width]
  at::Tensor all_units() const {
    const std::int64_t positions = g.out(g.height) * g.out(g.width);
    const at::Tensor passes = ((position >= 0) * multiplier).unsqueeze(3);
    at::Tensor all = at::zeros({images, outputs, positions, factors}, at::kDouble);
    all.scatter_add_(2,
                     position.clamp_min(0).to(at::kLong).permute({0, 2, 1}).unsqueeze(3).expand(
                         {images, outputs, cells, factors}),
                     (v * passes).transpose(1, 2));
    return all.permute({0, 3, 1, 2})
        .reshape({images, factors, outputs, g.out(g.height), g.out(g.width)});
  }
};

std::vector<PooledCase> pooled_cases() {
  at::manual_seed(5);
  std::vector<PooledCase> cases;
  for (const Geometry& g : kGeometries) {
    cases.emplace_back(g, 3, 4, 5, 7);
    cases.emplace_back(g, 70, 5, 40, 65);
    cases.emplace_back(g, 96, 3, 9, 132);
  }
  // More winners whose patches cover one unit than are listed at once.
  cases.emplace_back(Geometry{3, 1, 1, 4, 4}, 33, 40, 16, 64);
  return cases;
}

// By squares and by pairs of cells.
TEST(PooledSquares, MeetTheSumWrittenOut) {
  for (const PooledCase& of : pooled_cases()) {
    const at::Tensor patches =
        at::im2col(of.input, {of.g.kernel, of.g.kernel}, {1, 1}, {of.g.padding, of.g.padding},
                   {of.g.stride, of.g.stride});  // [N, C k k, P]
    const at::Tensor products =
        at::einsum("nfop,nwp->nfow", {of.all_units().flatten(3), patches}).square();
    for (const bool with_sign : {false, true}) {
      const at::Tensor by = with_sign ? of.sign : at::ones_like(of.sign);
      const at::Tensor wanted = at::einsum("nfow,nf->ow", {products, by});
      const at::Tensor padded =
          at::constant_pad_nd(of.input, {of.g.padding, of.g.padding, of.g.padding, of.g.padding});
      const std::int64_t out_width = of.g.out(of.g.width);
      const at::Tensor at_corner =
          there(at::where(of.position < 0, -1,
                          of.position.div(out_width, "floor") * of.g.stride * padded.size(3) +
                              of.position.remainder(out_width) * of.g.stride)
                    .to(at::kInt));
      for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
        const at::Tensor v = there(of.v.to(type)), x = there(padded.to(type)),
                         multiplier = there(of.multiplier.to(type)), sign = there(of.sign.to(type));
        const double within = type == at::kFloat ? 3e-6 : 1e-14;
        on_floats(v, [&](auto zero) {
          using T = decltype(zero);
          PooledPatches<T> job;
          job.v = data_of<T>(v);
          job.sign = with_sign ? data_of<T>(sign) : nullptr;
          job.corner = data_of<std::int32_t>(at_corner);
          job.multiplier = data_of<T>(multiplier);
          job.input = data_of<T>(x);
          job.images = of.images;
          job.cells = of.cells;
          job.outputs = of.outputs;
          job.factors = of.factors;
          job.channels = of.channels;
          job.height = x.size(2);
          job.width = x.size(3);
          job.kernel = of.g.kernel;
          PooledSquares<T> squares{job};
          const at::Tensor winners = at::empty_like(at_corner),
                           counts = at::empty({of.images, of.outputs}, at_corner.options());
          const at::Tensor parts =
              at::full({pooled_squares_parts(squares, where_of(v)), of.outputs, wanted.size(1)},
                       7.0, v.options());
          squares.winners = data_of<std::int32_t>(winners);
          squares.counts = data_of<std::int32_t>(counts);
          squares.parts = data_of<T>(parts);
          list_winners(squares, where_of(v));
          pooled_squares(squares, where_of(v));
          EXPECT_TRUE(close(parts.sum(0), wanted, within));

          if (!pooled_pairs_fit(of.cells)) return;
          PooledPairs<T> pairs{job};
          const at::Tensor kept =
              at::zeros({of.images, of.outputs, of.cells, of.cells}, v.options());
          pairs.pairs = data_of<T>(kept);
          // The factors come in two blocks.
          for (const auto& [from, count] :
               {std::pair<std::int64_t, std::int64_t>{0, 3}, {3, of.factors - 3}}) {
            const at::Tensor some = v.narrow(3, from, count).contiguous(),
                             signs = sign.narrow(1, from, count).contiguous();
            pairs.v = data_of<T>(some);
            pairs.sign = with_sign ? data_of<T>(signs) : nullptr;
            pairs.factors = count;
            add_pooled_pairs(pairs, where_of(v));
          }
          const at::Tensor read =
              at::full({pooled_pairs_parts(pairs, where_of(v)), of.outputs, wanted.size(1)}, 7.0,
                       v.options());
          pairs.parts = data_of<T>(read);
          read_pooled_pairs(pairs, where_of(v));
          EXPECT_TRUE(close(read.sum(0), wanted, within));
        });
      }
    }
  }
}

TEST(PooledPull, IsTheInputGradientOfWinners) {
  for (const PooledCase& of : pooled_cases()) {
    const at::Tensor units = of.all_units().flatten(0, 1);
    const at::Tensor wanted =
        std::get<0>(
            at::convolution_backward(
                units,
                at::zeros({units.size(0), of.channels, of.g.height, of.g.width}, at::kDouble),
                of.weight, {}, {of.g.stride, of.g.stride}, {of.g.padding, of.g.padding}, {1, 1},
                false, {0, 0}, 1, {true, false, false}))
            .view({of.images, of.factors, of.channels, of.g.height, of.g.width})
            .permute({0, 3, 4, 2, 1});
    for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
      const at::Tensor v = there(of.v.to(type)), position = there(of.position),
                       multiplier = there(of.multiplier.to(type)),
                       weight = there(of.weight.permute({0, 2, 3, 1}).to(type));
      const at::Tensor got = at::full(wanted.sizes(), 7.0, v.options());
      const at::Tensor winners = at::empty({position.numel(), 2}, position.options()),
                       starts =
                           at::empty({of.images, of.g.out(of.g.height) * of.g.out(of.g.width) + 1},
                                     position.options());
      on_floats(v, [&](auto zero) {
        using T = decltype(zero);
        const PooledPull<T> job{data_of<T>(v),
                                data_of<std::int32_t>(position),
                                data_of<T>(multiplier),
                                data_of<T>(weight),
                                of.images,
                                of.cells,
                                of.outputs,
                                of.factors,
                                of.g.with(of.channels),
                                data_of<std::int32_t>(winners),
                                data_of<std::int32_t>(starts),
                                data_of<T>(got)};
        sort_winners(job, where_of(v));
        pooled_pull(job, where_of(v));
      });
      EXPECT_TRUE(close(got, wanted,
                        type == at::kFloat ? tolerance::kFloatSquares : tolerance::kDoubleSteps));
    }
  }
}

}  // namespace
}  // namespace varphase
