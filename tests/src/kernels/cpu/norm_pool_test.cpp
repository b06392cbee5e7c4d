// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/layers/norm_pool.hpp"

#include "tests/src/kernels/cpu/float64_reference.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

/// Forward and backward in float64: of a training pass, or by the job's mean and inverse_sd.
struct NormPoolReference {
  Wide y, dx, dweight, dbias, mean, inverse_sd;
  std::vector<std::uint8_t> winner;

  NormPoolReference(const NormPool<float>& job, const Numbers& dy) {
    const std::int64_t places = job.rows * job.height * job.width, ch = job.channels;
    const std::int64_t oh = job.height / job.pool, ow = job.width / job.pool;
    dx.assign(at(places * ch), 0);
    y.assign(at(job.rows * oh * ow * ch), 0);
    winner.assign(y.size(), 0);
    for (std::int64_t c = 0; c < ch; ++c) {
      double sum = 0, squares = 0;
      for (std::int64_t p = 0; p < places; ++p) sum += wide(job, p, c);
      const double mu =
          job.training ? sum / static_cast<double>(places) : static_cast<double>(job.mean[c]);
      for (std::int64_t p = 0; p < places; ++p) squares += std::pow(wide(job, p, c) - mu, 2);
      const double inverse =
          job.training
              ? 1 / std::sqrt(squares / static_cast<double>(places) + static_cast<double>(job.eps))
              : static_cast<double>(job.inverse_sd[c]);
      mean.push_back(mu);
      inverse_sd.push_back(inverse);
      const double weight = static_cast<double>(job.weight[c]);
      Wide dh(at(places), 0);
      double b_sum = 0, w_sum = 0;
      for (std::int64_t n = 0; n < job.rows; ++n)
        for (std::int64_t i = 0; i < oh * ow; ++i) {
          double best = -std::numeric_limits<double>::infinity();
          std::int64_t place = 0, which = 0;
          for (std::int64_t k = 0; k < job.pool * job.pool; ++k) {
            const std::int64_t p = (n * job.height + i / ow * job.pool + k / job.pool) * job.width +
                                   i % ow * job.pool + k % job.pool;
            const double h =
                (wide(job, p, c) - mu) * inverse * weight + static_cast<double>(job.bias[c]);
            if (h > best) best = h, place = p, which = k;
          }
          const std::size_t out = at((n * oh * ow + i) * ch + c);
          const double beta = static_cast<double>(job.beta);
          y[out] = phi(job.activation, best, beta);
          winner[out] = static_cast<std::uint8_t>(which);
          const double d = slope(job.activation, best, beta) * static_cast<double>(dy[out]);
          dh[at(place)] = d;
          b_sum += d;
          w_sum += d * (wide(job, place, c) - mu) * inverse;
        }
      dbias.push_back(b_sum);
      dweight.push_back(w_sum);
      for (std::int64_t p = 0; p < places; ++p) {
        const double x_hat = (wide(job, p, c) - mu) * inverse;
        const double by_statistics =
            job.training ? (b_sum + x_hat * w_sum) / static_cast<double>(places) : 0;
        dx[at(p * ch + c)] = weight * inverse * (dh[at(p)] - by_statistics);
      }
    }
  }
  static double wide(const NormPool<float>& job, std::int64_t place, std::int64_t c) {
    return static_cast<double>(job.x[place * job.channels + c]);
  }
};

TEST(CpuNormPool, MeetsItsFormulaForwardAndBackward) {
  Random random(3);
  for (const Activation kind : kKinds) {
    for (const std::int64_t channels : {1, 5, 16, 21, 50}) {
      for (const std::int64_t pool : {1, 2, 3}) {
        const std::int64_t rows = 9, side = 7, out = side / pool;
        const Numbers x = random.normals(rows * side * side * channels, 2, 3),
                      weight = random.positives(channels), bias = random.normals(channels),
                      dy = random.normals(rows * out * out * channels);
        NormPool<float> job;
        job.x = x.data(), job.weight = weight.data(), job.bias = bias.data();
        job.rows = rows, job.height = side, job.width = side, job.channels = channels;
        job.pool = pool, job.activation = kind, job.training = true, job.eps = 1e-5F;
        Numbers mean(at(channels)), inverse_sd(at(channels)), y(dy.size());
        std::vector<std::uint8_t> winner(dy.size());
        job.mean = mean.data(), job.inverse_sd = inverse_sd.data();
        job.y = y.data(), job.winner = winner.data();
        norm_pool(job, {});
        Numbers dx(x.size()), dweight(at(channels)), dbias(at(channels));
        norm_pool_backward(job, {dy.data(), dx.data(), dweight.data(), dbias.data()}, {});

        const std::string what = fmt::format("{} channels, pool {}", channels, pool);
        const NormPoolReference wanted(job, dy);
        expect_close(mean, wanted.mean, tolerance::kFloatSteps, what);
        expect_close(inverse_sd, wanted.inverse_sd, tolerance::kFloatSteps, what);
        expect_close(y, wanted.y, tolerance::kFloatLayer, what);
        EXPECT_EQ(winner, wanted.winner) << what;
        expect_close(dx, wanted.dx, tolerance::kFloatLongSum, what);
        expect_close(dweight, wanted.dweight, tolerance::kFloatLongSum, what);
        expect_close(dbias, wanted.dbias, tolerance::kFloatLongSum, what);

        job.training = false;
        mean = random.normals(channels, 1, 3), inverse_sd = random.positives(channels);
        job.mean = mean.data(), job.inverse_sd = inverse_sd.data();
        norm_pool(job, {});
        norm_pool_backward(job, {dy.data(), dx.data(), nullptr, nullptr}, {});
        const NormPoolReference given(job, dy);
        expect_close(y, given.y, tolerance::kFloatLayer, what + ", given statistics");
        EXPECT_EQ(winner, given.winner) << what << ", given statistics";
        expect_close(dx, given.dx, tolerance::kFloatLayer, what + ", given statistics");
      }
    }
  }
}

// As ranks do it: each has some rows of a batch, and only sums are exchanged.
TEST(CpuNormPool, PartsOfABatchAreNormalizedAsOne) {
  Random random(4);
  for (const std::int64_t channels : {1, 5, 16, 21}) {
    const std::int64_t rows = 9, side = 5, pool = 2, out = side / pool;
    const Numbers x = random.normals(rows * side * side * channels, 2, 3),
                  weight = random.positives(channels), bias = random.normals(channels),
                  dy = random.normals(rows * out * out * channels);
    Numbers y(dy.size()), dx(x.size());
    std::vector<std::uint8_t> winner(dy.size());
    NormPool<float> whole;
    whole.x = x.data(), whole.weight = weight.data(), whole.bias = bias.data();
    whole.rows = rows, whole.height = side, whole.width = side, whole.channels = channels;
    whole.pool = pool, whole.activation = Activation::softplus, whole.training = true;
    whole.eps = 1e-5F;
    const NormPoolReference wanted(whole, dy);

    struct Part {
      NormPool<float> job;
      NormPoolGradient<float> gradient;
      Numbers mean, inverse_sd, running_mean, running_var, dweight, dbias;
    };
    std::vector<Part> parts(2);
    Wide sums(at(2 * channels + 1), 0), gradients(at(2 * channels), 0);
    for (const std::int64_t p : {0, 1}) {
      Part& part = parts[at(p)];
      const std::int64_t first = p * 4;
      for (Numbers* list : {&part.mean, &part.inverse_sd, &part.running_mean, &part.running_var,
                            &part.dweight, &part.dbias})
        list->assign(at(channels), 0);
      part.job = whole;
      part.job.rows = p == 0 ? 4 : 5;
      part.job.x = x.data() + first * side * side * channels;
      part.job.y = y.data() + first * out * out * channels;
      part.job.winner = winner.data() + first * out * out * channels;
      part.job.mean = part.mean.data(), part.job.inverse_sd = part.inverse_sd.data();
      part.job.running_mean = part.running_mean.data(), part.job.momentum = 1;
      part.job.running_var = part.running_var.data();
      part.gradient = {dy.data() + first * out * out * channels,
                       dx.data() + first * side * side * channels, part.dweight.data(),
                       part.dbias.data()};
      Wide own(sums.size());
      norm_pool_sums(part.job, own.data(), {});
      for (std::size_t i = 0; i < own.size(); ++i) sums[i] += own[i];
    }
    for (Part& part : parts) {
      part.job.sums = sums.data();
      norm_pool(part.job, {});
      Wide own(gradients.size());
      norm_pool_gradient_sums(part.job, part.gradient, own.data(), {});
      for (std::size_t i = 0; i < own.size(); ++i) gradients[i] += own[i];
    }
    Numbers dweight(at(channels)), dbias(at(channels));
    for (Part& part : parts) {
      part.gradient.sums = gradients.data();
      norm_pool_backward(part.job, part.gradient, {});
      for (std::size_t c = 0; c < at(channels); ++c) {
        dweight[c] += part.dweight[c];
        dbias[c] += part.dbias[c];
      }
    }
    const std::string what = fmt::format("{} channels", channels);
    expect_close(parts[0].mean, wanted.mean, tolerance::kFloatSteps, what);
    expect_close(parts[0].inverse_sd, wanted.inverse_sd, tolerance::kFloatSteps, what);
    EXPECT_EQ(parts[0].running_var, parts[1].running_var) << what;
    EXPECT_EQ(parts[0].running_mean, parts[0].mean) << what;
    expect_close(y, wanted.y, tolerance::kFloatLayer, what);
    EXPECT_EQ(winner, wanted.winner) << what;
    expect_close(dx, wanted.dx, tolerance::kFloatLongSum, what);
    expect_close(dweight, wanted.dweight, tolerance::kFloatLongSum, what);
    expect_close(dbias, wanted.dbias, tolerance::kFloatLongSum, what);
  }
}

}  // namespace
}  // namespace varphase
