// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/layers/sampling.hpp"

#include "src/noise/normal_fill.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

Forward sampled(std::int64_t rows, std::int64_t member) {
  return {Mode::sampled,
          false,
          {9, Stream::test, 0, 0},
          at::arange(rows, at::kLong) + 100,
          at::full({1}, member, at::kLong)};
}

TEST(SampleOutput, IsMeanPlusNoiseTimesDeviationWithTheHandGradient) {
  at::manual_seed(1);
  const at::Tensor m = at::randn({5, 7}).set_requires_grad(true);
  const at::Tensor v = (at::rand({5, 7}) + 0.1)
                           .index_fill(1, at::tensor({std::int64_t{2}}, at::kLong), 0)
                           .set_requires_grad(true);
  const at::Tensor b = sample_output(m, v, sampled(5, 3), 4);
  at::Tensor eps = at::empty({5, 7});
  for (std::int64_t n = 0; n < 5; ++n) {
    fill_normals({9, Stream::test, 4, 0}, static_cast<std::uint32_t>(100 + n), 3, 7,
                 eps[n].data_ptr<float>());
  }
  EXPECT_TRUE(close(b, m + eps * (v + 1e-16).sqrt(), tolerance::kFloatSteps));
  const at::Tensor g = at::randn({5, 7});
  b.backward(g);
  EXPECT_TRUE(close(m.grad(), g, tolerance::kFloatProduct));
  const at::Tensor wanted = at::where(v > 0, g * eps / (2 * (v + 1e-16).sqrt()), 0.0);
  EXPECT_TRUE(close(v.grad(), wanted, tolerance::kFloatGradient));
}

TEST(SampleOutput, DoesNotDependOnTheBatch) {
  at::manual_seed(1);
  const at::Tensor m = at::randn({6, 500});
  const at::Tensor v = at::rand({6, 500});
  const at::Tensor all = sample_output(m, v, sampled(6, 0), 1);
  for (std::int64_t n = 0; n < 6; ++n) {
    Forward one = sampled(6, 0);
    one.example = one.example.narrow(0, n, 1).contiguous();
    EXPECT_TRUE(at::equal(sample_output(m.narrow(0, n, 1), v.narrow(0, n, 1), one, 1)[0], all[n]));
  }
}

}  // namespace
}  // namespace varphase
