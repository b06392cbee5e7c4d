// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/products/sparse_moments.hpp"

#include <cmath>
#include <limits>

#include <ATen/ops/conv2d.h>

#include "src/torch/kernel_arguments.hpp"
#include "tests/support/device.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

/// A layer with its kept weights in both forms.
struct Layer {
  at::Tensor keep;  // bool [J, I] or [J, I, kernel, kernel]
  ConvGeometry geometry;
  at::Tensor mean, variance;  // float32, 0 where not kept
  at::Tensor bias;            // [J]
  std::vector<std::int32_t> indptr{0}, indices;
  std::vector<float> kept_mean, kept_variance;

  explicit Layer(const at::Tensor& marks) : Layer(marks, {marks.size(1)}) {}
  Layer(const at::Tensor& marks, const ConvGeometry& g) : keep(marks), geometry(g) {
    mean = at::randn(keep.sizes()) * keep;
    variance = at::rand(keep.sizes()) * keep;
    bias = at::randn({keep.size(0)});
    // By kernel place, then by channel.
    const auto by_place = [&](const at::Tensor& weights) {
      return weights.reshape({keep.size(0), g.channels, -1}).transpose(1, 2).contiguous();
    };
    const at::Tensor marked = by_place(keep), means = by_place(mean),
                     variances = by_place(variance);
    const auto kept = marked.accessor<bool, 3>();
    const auto mu = means.accessor<float, 3>(), sigma2 = variances.accessor<float, 3>();
    for (std::int64_t j = 0; j < keep.size(0); ++j) {
      for (std::int64_t place = 0; place < g.kernel * g.kernel; ++place) {
        for (std::int64_t i = 0; i < g.channels; ++i) {
          if (!kept[j][place][i]) continue;
          indices.push_back(static_cast<std::int32_t>(place * g.channels + i));
          kept_mean.push_back(mu[j][place][i]);
          kept_variance.push_back(sigma2[j][place][i]);
        }
        indptr.push_back(static_cast<std::int32_t>(indices.size()));
      }
    }
  }
  bool convolves() const { return keep.dim() == 4; }
};

template <class T>
at::Tensor there(const std::vector<T>& values, at::ScalarType type) {
  at::Tensor tensor = at::empty({static_cast<std::int64_t>(values.size())}, type);
  std::copy(values.begin(), values.end(), tensor.data_ptr<T>());
  return tensor.to(test_device());
}

struct Moments {
  at::Tensor m, v;  // on the CPU, [N, J] or [N, J, height, width]; undefined where not asked for
};

Moments run(const Layer& layer, const at::Tensor& x, bool mean = true, bool variance = true,
            bool with_bias = true) {
  const ConvGeometry& g = layer.geometry;
  const at::Tensor by_place = layer.convolves() ? x.permute({0, 2, 3, 1}) : x;
  const at::Tensor input = by_place.flatten(1).to(test_device()).contiguous();
  const at::Tensor indptr = there(layer.indptr, at::kInt), indices = there(layer.indices, at::kInt),
                   means = there(layer.kept_mean, at::kFloat),
                   variances = there(layer.kept_variance, at::kFloat),
                   bias = layer.bias.to(test_device());
  const at::Tensor nan = at::full({x.size(0), g.out_height * g.out_width * layer.keep.size(0)},
                                  std::nan(""), input.options());
  const at::Tensor m = nan.clone(), v = nan.clone();
  SparseMoments job;
  job.x = data_of<float>(input);
  job.rows = x.size(0);
  job.geometry = g;
  job.outputs = layer.keep.size(0);
  job.indptr = indptr.data_ptr<std::int32_t>();
  job.indices = indices.data_ptr<std::int32_t>();
  if (mean) {
    job.mean = data_of<float>(means);
    job.m = data_of<float>(m);
  }
  if (variance) {
    job.variance = data_of<float>(variances);
    job.v = data_of<float>(v);
  }
  job.bias = with_bias ? data_of<float>(bias) : nullptr;
  const at::Tensor columns =
      sparse_moments_wants_columns(job, where_of(input)) ? input.t().contiguous() : at::Tensor();
  job.columns = data_of<float>(columns);
  sparse_moments(job, where_of(input));
  const auto result = [&](const at::Tensor& moment) {
    if (!layer.convolves()) return moment.to(at::kCPU);
    return moment.to(at::kCPU)
        .reshape({x.size(0), g.out_height, g.out_width, layer.keep.size(0)})
        .permute({0, 3, 1, 2});
  };
  return {mean ? result(m) : at::Tensor(), variance ? result(v) : at::Tensor()};
}

at::Tensor product(const Layer& layer, const at::Tensor& x, const at::Tensor& weight) {
  const at::Tensor a = x.to(at::kDouble), w = weight.to(at::kDouble);
  return layer.convolves() ? at::conv2d(a, w, {}, layer.geometry.stride, layer.geometry.padding)
                           : a.mm(w.t());
}
at::Tensor reference_mean(const Layer& layer, const at::Tensor& x, bool with_bias = true) {
  const at::Tensor m = product(layer, x, layer.mean);
  if (!with_bias) return m;
  const at::Tensor bias = layer.bias.to(at::kDouble);
  return m + (layer.convolves() ? bias.reshape({-1, 1, 1}) : bias);
}
at::Tensor reference_variance(const Layer& layer, const at::Tensor& x) {
  return product(layer, x.to(at::kDouble).square(), layer.variance);
}

/// [channels, height, width] by a kernel of that side.
ConvGeometry geometry_of(std::int64_t channels, std::int64_t height, std::int64_t width,
                         std::int64_t kernel, std::int64_t stride, std::int64_t padding) {
  const auto out = [&](std::int64_t size) { return (size + 2 * padding - kernel) / stride + 1; };
  return {channels, height, width, kernel, stride, padding, out(height), out(width)};
}

TEST(SparseMoments, MeetsFloat64AtEverySizeAndSparsity) {
  at::manual_seed(1);
  use_torch_threads();
  for (const auto& [outputs, inputs] : {std::pair<std::int64_t, std::int64_t>{1, 1},
                                        {3, 5},
                                        {16, 16},
                                        {17, 33},
                                        {70, 130},
                                        {33, 1000},
                                        {33, 2000}}) {
    for (const double kept : {1.0, 0.3, 0.02}) {
      const Layer layer(at::rand({outputs, inputs}) < kept);
      for (const std::int64_t rows : {1, 5, 16, 17, 32, 40, 63, 150}) {
        const std::string what =
            fmt::format("{} x {}, {} kept, {} rows", outputs, inputs, kept, rows);
        const at::Tensor x = at::randn({rows, inputs});
        const Moments both = run(layer, x);
        EXPECT_TRUE(close(both.m, reference_mean(layer, x), tolerance::kFloatLongSum)) << what;
        EXPECT_TRUE(close(both.v, reference_variance(layer, x), tolerance::kFloatLongSum)) << what;
      }
    }
  }
}

TEST(SparseMoments, MeetsConvolutionsInFloat64) {
  at::manual_seed(6);
  use_torch_threads();
  const ConvGeometry geometries[] = {
      geometry_of(1, 28, 28, 5, 1, 0),  geometry_of(20, 12, 12, 5, 1, 0),
      geometry_of(70, 2, 2, 3, 1, 1),   geometry_of(3, 9, 6, 3, 2, 1),
      geometry_of(5, 4, 7, 1, 1, 0),    geometry_of(4, 3, 3, 2, 3, 4),  // places of padding alone
      geometry_of(64, 23, 20, 3, 2, 1),    // on a CPU bands of two rows,
      geometry_of(64, 23, 20, 3, 1, 1),    // of four, the last of three,
      geometry_of(200, 24, 20, 3, 1, 1)};  // and of one
  for (const ConvGeometry& g : geometries) {
    for (const double kept : {1.0, 0.1}) {
      const Layer layer(at::rand({19, g.channels, g.kernel, g.kernel}) < kept, g);
      for (const std::int64_t rows : {1, 17, 40, 150}) {
        if (rows == 150 && g.channels >= 64 && g.height > 2 && kept == 1.0) continue;
        const std::string what =
            fmt::format("{} x {} x {}, kernel {}, stride {}, padding {}, {} kept, {} images",
                        g.channels, g.height, g.width, g.kernel, g.stride, g.padding, kept, rows);
        const at::Tensor x = at::randn({rows, g.channels, g.height, g.width});
        const Moments both = run(layer, x);
        EXPECT_TRUE(close(both.m, reference_mean(layer, x), tolerance::kFloatLongSum)) << what;
        EXPECT_TRUE(close(both.v, reference_variance(layer, x), tolerance::kFloatLongSum)) << what;
        EXPECT_TRUE(at::equal(run(layer, x, true, false).m, both.m)) << what;
        EXPECT_TRUE(at::equal(run(layer, x, false, true).v, both.v)) << what;
      }
    }
  }
}

TEST(SparseMoments, GivesEitherMomentAlone) {
  at::manual_seed(2);
  const Layer layer(at::rand({37, 50}) < 0.1);
  for (const std::int64_t rows : {3, 45, 140}) {
    const at::Tensor x = at::randn({rows, 50});
    const Moments both = run(layer, x);
    EXPECT_TRUE(at::equal(run(layer, x, true, false).m, both.m));
    EXPECT_TRUE(at::equal(run(layer, x, false, true).v, both.v));
    EXPECT_TRUE(close(run(layer, x, true, true, false).m, reference_mean(layer, x, false),
                      tolerance::kFloatLongSum));
  }
}

TEST(SparseMoments, UnitsWithoutWeightsHaveTheBiasAndNoVariance) {
  at::manual_seed(3);
  at::Tensor keep = at::rand({40, 20}) < 0.5;
  keep.narrow(0, 5, 20).zero_();
  const Layer some(keep), none(at::zeros({40, 20}, at::kBool));
  for (const std::int64_t rows : {2, 200}) {
    const at::Tensor x = at::randn({rows, 20});
    const Moments got = run(some, x);
    EXPECT_TRUE(close(got.m, reference_mean(some, x), tolerance::kFloatLayer));
    EXPECT_TRUE(at::equal(got.m.narrow(1, 5, 20), some.bias.narrow(0, 5, 20).expand({rows, 20})));
    EXPECT_TRUE(at::equal(got.v.narrow(1, 5, 20), at::zeros({rows, 20})));
    const Moments nothing = run(none, x);
    EXPECT_TRUE(at::equal(nothing.m, none.bias.expand({rows, 40})));
    EXPECT_TRUE(at::equal(nothing.v, at::zeros({rows, 40})));
  }
}

TEST(SparseMoments, NotANumberReachesTheUnitsThatUseItAndNoOther) {
  at::manual_seed(4);
  const Layer layer(at::rand({60, 40}) < 0.2);
  for (const std::int64_t rows : {7, 130}) {
    at::Tensor x = at::randn({rows, 40});
    x[rows - 1][11] = std::numeric_limits<float>::quiet_NaN();
    x[0][3] = std::numeric_limits<float>::infinity();
    const Moments got = run(layer, x);
    at::Tensor wanted_nan = at::zeros({rows, 60}, at::kBool);
    wanted_nan[rows - 1] = layer.keep.select(1, 11);
    EXPECT_TRUE(at::equal(got.m.isnan(), wanted_nan));
    EXPECT_TRUE(at::equal(got.v.isnan(), wanted_nan));
    at::Tensor wanted_infinite = at::zeros({rows, 60}, at::kBool);
    wanted_infinite[0] = layer.keep.select(1, 3);
    EXPECT_TRUE(at::equal(got.v.isinf(), wanted_infinite));
  }
}

TEST(SparseMoments, SameBitsTwiceAndForImagesAlone) {
  at::manual_seed(5);
  const ConvGeometry g = geometry_of(64, 23, 20, 3, 2, 1);
  const Layer dense(at::rand({100, 90}) < 0.1), conv(at::rand({9, 64, 3, 3}) < 0.1, g);
  for (const Layer& layer : {dense, conv}) {
    const at::Tensor x = layer.convolves() ? at::randn({70, 64, 23, 20}) : at::randn({70, 90});
    const Moments first = run(layer, x), second = run(layer, x);
    EXPECT_TRUE(at::equal(first.m, second.m));
    EXPECT_TRUE(at::equal(first.v, second.v));
    if (test_device().is_cuda()) continue;  // few images take another kernel there
    for (const std::int64_t n : {0, 31, 32, 69}) {
      const Moments alone = run(layer, x.narrow(0, n, 1));
      EXPECT_TRUE(at::equal(alone.m[0], first.m[n])) << n;
      EXPECT_TRUE(at::equal(alone.v[0], first.v[n])) << n;
    }
  }
}

TEST(SparseMoments, TakesNoImages) {
  const Layer layer(at::rand({4, 6}) < 0.5);
  EXPECT_EQ(run(layer, at::empty({0, 6})).m.sizes(), (std::vector<std::int64_t>{0, 4}));
}

}  // namespace
}  // namespace varphase
