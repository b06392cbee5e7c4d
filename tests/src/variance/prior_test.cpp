// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <cmath>
#include <limits>

#include "src/kernels/layers/student_t_divergence.hpp"
#include "src/variance/log_uniform.hpp"
#include "src/variance/student_t.hpp"
#include "tests/src/variance/reference.hpp"
#include "tests/support/device.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

at::Tensor leaf(const at::Tensor& values, at::ScalarType type) {
  return values.clone().to(type).to(test_device()).requires_grad_(true);
}

/// Largest relative difference, entry by entry.
double worst(const at::Tensor& got, const at::Tensor& wanted) {
  const at::Tensor reference = wanted.detach().to(at::kCPU, at::kDouble);
  const at::Tensor ratio =
      (got.detach().to(at::kCPU, at::kDouble) - reference).abs() / reference.abs();
  return at::isnan(ratio).any().item<bool>() ? std::numeric_limits<double>::infinity()
                                             : ratio.max().item<double>();
}

TEST(LogUniformExact, MeetsTheGoldenValuesAndSlopes) {
  std::vector<double> log_alpha, value, slope;
  for (const Json& row : golden()["kl"]["rows"]) {
    log_alpha.push_back(row["log_alpha"].get<double>());
    value.push_back(row["exact"].get<double>());
    slope.push_back(row["d_exact"].get<double>());
  }
  for (const auto& [type, tolerance] :
       {std::pair(at::kDouble, 1e-13), std::pair(at::kFloat, 2e-6)}) {
    const at::Tensor la = leaf(at::tensor(log_alpha, at::kDouble), type);
    const at::Tensor kl = log_uniform_kl_exact(la);
    kl.sum().backward();
    EXPECT_LT(worst(kl, at::tensor(value, at::kDouble)), tolerance);
    EXPECT_LT(worst(la.grad(), at::tensor(slope, at::kDouble)), tolerance);
  }
}

TEST(LogUniformExact, MeetsQuadrature) {
  // alpha from 0.02 to 1e8; below, where this quadrature is coarse, the golden numbers stand.
  const at::Tensor grid = at::linspace(-4, 18.5, 200, at::kDouble);
  const at::Tensor la = leaf(grid, at::kDouble), reference_la = grid.clone().requires_grad_(true);
  const at::Tensor kl = log_uniform_kl_exact(la);
  const at::Tensor wanted = reference::log_uniform_exact(reference_la);
  kl.sum().backward();
  wanted.sum().backward();
  EXPECT_LT(worst(kl, wanted), tolerance::kQuadrature);
  EXPECT_LT(worst(la.grad(), reference_la.grad()), tolerance::kQuadrature);
  EXPECT_TRUE((kl.slice(0, 1) < kl.slice(0, 0, -1)).all().item<bool>());
}

TEST(LogUniformExact, ItsSlopeIsThatOfItsValueWhereTheSeriesMeet) {
  // u = 50: two series, one function.
  for (const double la : {-std::log(100.0) - 1e-9, -std::log(100.0) + 1e-9, -10.0, -18.4, 18.4}) {
    constexpr double step = 1e-4;
    const double difference =
        (log_uniform_divergence(la + step).value - log_uniform_divergence(la - step).value) /
        (2 * step);
    EXPECT_NEAR(log_uniform_divergence(la).slope / difference, 1, tolerance::kFiniteDifference)
        << la;
  }
}

TEST(LogUniformSampled, MeetsTheGoldenSamplesWithTheExactGradient) {
  for (const Json& row : golden()["kl"]["one_sample"]) {
    const at::Tensor la =
        leaf(at::tensor({row["log_alpha"].get<double>()}, at::kDouble), at::kDouble);
    const at::Tensor eps = at::tensor({row["eps"].get<double>()}, at::kDouble).to(test_device());
    const at::Tensor kl = log_uniform_kl_sampled(la, eps);
    kl.backward();
    EXPECT_NEAR(kl.item<double>(), row["value"].get<double>(), tolerance::kDoubleSum);
    EXPECT_NEAR(la.grad().item<double>(),
                log_uniform_divergence(row["log_alpha"].get<double>()).slope,
                tolerance::kDoubleSteps);
  }
}

TEST(LogUniformSampled, IsUnbiasedAndFiniteAtItsPole) {
  at::manual_seed(3);
  constexpr std::int64_t draws = 400000;
  for (const double la : {-4.0, 0.0, 6.0}) {
    const at::Tensor values =
        log_uniform_kl_sampled(at::full({draws}, la, at::kDouble), at::randn({draws}, at::kDouble));
    const double error = values.std().item<double>() / std::sqrt(static_cast<double>(draws));
    const at::Tensor wanted = reference::log_uniform_exact(at::full({1}, la, at::kDouble));
    EXPECT_NEAR(values.mean().item<double>(), wanted.item<double>(),
                tolerance::kStandardErrors * error)
        << la;
  }
  const at::Tensor pole = log_uniform_kl_sampled(at::zeros({1}), at::full({1}, -1.0F));
  EXPECT_TRUE(std::isfinite(pole.item<float>()));
}

TEST(StudentT, MeetsTheGoldenValuesAndGradients) {
  for (const Json& row : golden()["student"]["rows"]) {
    const double nu = row["nu"].get<double>();
    for (const auto& [type, tolerance] : {std::pair(at::kDouble, tolerance::kDoubleBackward),
                                          std::pair(at::kFloat, tolerance::kFloatNetwork)}) {
      const at::Tensor mean = leaf(at::tensor({row["mu"].get<double>()}, at::kDouble), type);
      const at::Tensor variance =
          leaf(at::tensor({row["sigma2"].get<double>()}, at::kDouble), type);
      const at::Tensor kl = student_t_kl(mean, variance, nu);
      kl.backward();
      // The small-nu form's derivatives lack terms of order sqrt(nu).
      const double slope_tolerance = std::max(tolerance, nu < 1e-8 ? tolerance::kSeriesSlope : 0.0);
      EXPECT_NEAR(kl.item<double>() / row["kl"].get<double>(), 1, tolerance) << row.dump();
      EXPECT_NEAR(mean.grad().item<double>() / row["d_mu"].get<double>(), 1, slope_tolerance)
          << row.dump();
      EXPECT_NEAR(variance.grad().item<double>() / row["d_sigma2"].get<double>(), 1,
                  slope_tolerance)
          << row.dump();
    }
  }
}

TEST(StudentT, MeetsQuadrature) {
  for (const double nu : {0.5, 1.0, 3.0, 30.0}) {
    const at::Tensor means = at::tensor({-1.2, -0.3, 0.0, 0.05, 0.7, 4.0}, at::kDouble);
    for (const double v : {0.01, 0.3, 2.0, 20.0}) {
      const at::Tensor variances = at::full({6}, v, at::kDouble);
      const at::Tensor mean = leaf(means.clone(), at::kDouble),
                       variance = leaf(variances.clone(), at::kDouble);
      const at::Tensor mean2 = means.clone().requires_grad_(true),
                       variance2 = variances.clone().requires_grad_(true);
      const at::Tensor kl = student_t_kl(mean, variance, nu);
      const at::Tensor wanted = reference::student_t(mean2, variance2, nu);
      kl.sum().backward();
      wanted.sum().backward();
      EXPECT_TRUE(close(kl, wanted.detach(), tolerance::kQuadrature)) << nu << " " << v;
      EXPECT_TRUE(close(mean.grad(), mean2.grad(), tolerance::kQuadrature)) << nu << " " << v;
      EXPECT_TRUE(close(variance.grad(), variance2.grad(), tolerance::kQuadrature))
          << nu << " " << v;
    }
  }
}

TEST(StudentT, ItsTwoFormsMeet) {
  const double below = 1e-8, above = 1.000000001e-8;
  for (const double mean : {0.0, 0.3, -2.0}) {
    const auto limit = student_t_divergence(mean, 4.0, below, student_t_offset(below));
    const auto sum = student_t_divergence(mean, 4.0, above, student_t_offset(above));
    EXPECT_NEAR(limit.value / sum.value, 1, tolerance::kSeriesLimit) << mean;
    EXPECT_NEAR(limit.d_mean, sum.d_mean, tolerance::kSeriesSlope) << mean;
    EXPECT_NEAR(limit.d_variance, sum.d_variance, tolerance::kSeriesSlope) << mean;
  }
}

TEST(StudentT, MeetsQuadratureOfTinySpreads) {
  for (const auto& [mean, variance, nu] : {std::array<double, 3>{1e-10, std::exp(-60.0), 1e-20},
                                           {0.0, std::exp(-55.0), 1e-24},
                                           {1e-9, 1e-20, 1e-16}}) {
    // E log(nu + w^2) with w = mean + sd z, smooth where nu does not vanish beside sd^2.
    double expected = 0, mass = 0;
    for (int i = -80000; i <= 80000; ++i) {
      const double z = i / 8000.0, w = mean + std::sqrt(variance) * z;
      const double weight = std::exp(-z * z / 2);
      expected += weight * std::log(nu + w * w);
      mass += weight;
    }
    const double offset = student_t_offset(nu);
    const double wanted = offset - 0.5 * std::log(variance) + (nu + 1) / 2 * expected / mass;
    EXPECT_NEAR(student_t_divergence(mean, variance, nu, offset).value, wanted,
                tolerance::kQuadrature * std::abs(wanted))
        << mean << ' ' << variance << ' ' << nu;
  }
}

TEST(StudentT, EndsWhereAMeanIsNotFinite) {
  for (const double mean : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    const auto found = student_t_divergence(mean, mean, 1e-3, student_t_offset(1e-3));
    EXPECT_FALSE(std::isfinite(found.value));
  }
}

TEST(StudentT, StaysFiniteWhereAWeightVanishes) {
  const at::Tensor mean = leaf(at::tensor({0.0F, 0.0F, 1e-20F, 1e-4F}), at::kFloat);
  const at::Tensor variance = leaf(at::tensor({0.0F, 1.0F, 0.0F, 1e-12F}), at::kFloat);
  const at::Tensor kl = student_t_kl(mean, variance, 1e-16);
  kl.sum().backward();
  for (const at::Tensor& tensor : {kl.detach(), mean.grad(), variance.grad()})
    EXPECT_TRUE(at::isfinite(tensor).all().item<bool>()) << tensor;
}

}  // namespace
}  // namespace varphase
