// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/sparse_moments.hpp"

#include <cmath>
#include <limits>

#include "src/variance/torch_kernels.hpp"
#include "tests/support/device.hpp"
#include "tests/support/golden.hpp"

namespace varphase {
namespace {

/// A layer with its kept weights in both forms.
struct Layer {
  at::Tensor keep;            // bool [J, I]
  at::Tensor mean, variance;  // float32 [J, I], 0 where not kept
  at::Tensor bias;            // [J]
  std::vector<std::int32_t> indptr{0}, indices;
  std::vector<float> kept_mean, kept_variance;

  explicit Layer(const at::Tensor& marks) : keep(marks) {
    mean = at::randn(keep.sizes()) * keep;
    variance = at::rand(keep.sizes()) * keep;
    bias = at::randn({keep.size(0)});
    const auto kept = keep.accessor<bool, 2>();
    const auto mu = mean.accessor<float, 2>(), sigma2 = variance.accessor<float, 2>();
    for (std::int64_t j = 0; j < keep.size(0); ++j) {
      for (std::int64_t i = 0; i < keep.size(1); ++i) {
        if (!kept[j][i]) continue;
        indices.push_back(static_cast<std::int32_t>(i));
        kept_mean.push_back(mu[j][i]);
        kept_variance.push_back(sigma2[j][i]);
      }
      indptr.push_back(static_cast<std::int32_t>(indices.size()));
    }
  }
};

template <class T>
at::Tensor there(const std::vector<T>& values, at::ScalarType type) {
  at::Tensor tensor = at::empty({static_cast<std::int64_t>(values.size())}, type);
  std::copy(values.begin(), values.end(), tensor.data_ptr<T>());
  return tensor.to(test_device());
}

struct Moments {
  at::Tensor m, v;  // on the CPU; undefined where not asked for
};

Moments run(const Layer& layer, const at::Tensor& x, bool mean = true, bool variance = true,
            bool with_bias = true) {
  const at::Tensor input = x.to(test_device()).contiguous();
  const at::Tensor indptr = there(layer.indptr, at::kInt), indices = there(layer.indices, at::kInt),
                   means = there(layer.kept_mean, at::kFloat),
                   variances = there(layer.kept_variance, at::kFloat),
                   bias = layer.bias.to(test_device());
  const at::Tensor nan = at::full({x.size(0), layer.keep.size(0)}, std::nan(""), input.options());
  const at::Tensor m = nan.clone(), v = nan.clone();
  SparseMoments job;
  job.x = data_of<float>(input);
  job.rows = x.size(0);
  job.inputs = x.size(1);
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
  sparse_moments(job, where_of(input));
  return {mean ? m.to(at::kCPU) : at::Tensor(), variance ? v.to(at::kCPU) : at::Tensor()};
}

at::Tensor reference_mean(const Layer& layer, const at::Tensor& x, bool with_bias = true) {
  const at::Tensor m = x.to(at::kDouble).mm(layer.mean.to(at::kDouble).t());
  return with_bias ? m + layer.bias.to(at::kDouble) : m;
}
at::Tensor reference_variance(const Layer& layer, const at::Tensor& x) {
  return x.to(at::kDouble).square().mm(layer.variance.to(at::kDouble).t());
}

TEST(SparseMoments, MeetsFloat64AtEverySizeAndSparsity) {
  at::manual_seed(1);
  use_torch_threads();
  for (const auto& [outputs, inputs] : {std::pair<std::int64_t, std::int64_t>{1, 1},
                                        {3, 5},
                                        {16, 16},
                                        {17, 33},
                                        {70, 130},
                                        {33, 2000}}) {
    for (const double kept : {1.0, 0.3, 0.02}) {
      const Layer layer(at::rand({outputs, inputs}) < kept);
      for (const std::int64_t rows : {1, 5, 16, 17, 32, 40, 63, 150}) {
        const std::string what =
            fmt::format("{} x {}, {} kept, {} rows", outputs, inputs, kept, rows);
        const at::Tensor x = at::randn({rows, inputs});
        const Moments both = run(layer, x);
        EXPECT_TRUE(close(both.m, reference_mean(layer, x), 5e-6)) << what;
        EXPECT_TRUE(close(both.v, reference_variance(layer, x), 5e-6)) << what;
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
    EXPECT_TRUE(close(run(layer, x, true, true, false).m, reference_mean(layer, x, false), 5e-6));
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
    EXPECT_TRUE(close(got.m, reference_mean(some, x), 2e-6));
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
  const Layer layer(at::rand({100, 90}) < 0.1);
  const at::Tensor x = at::randn({500, 90});
  const Moments first = run(layer, x), second = run(layer, x);
  EXPECT_TRUE(at::equal(first.m, second.m));
  EXPECT_TRUE(at::equal(first.v, second.v));
  if (test_device().is_cuda()) return;  // few images take another kernel there
  for (const std::int64_t n : {0, 31, 32, 250, 499}) {
    const Moments alone = run(layer, x.narrow(0, n, 1));
    EXPECT_TRUE(at::equal(alone.m[0], first.m[n])) << n;
    EXPECT_TRUE(at::equal(alone.v[0], first.v[n])) << n;
  }
}

}  // namespace
}  // namespace varphase
