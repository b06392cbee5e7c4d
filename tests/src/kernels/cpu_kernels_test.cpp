// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT

// The CPU kernels against float64 loops written out here, without PyTorch: so they run on an
// emulated processor, too. Against autograd stands kernels_test.cpp.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "src/base/instruction_set.hpp"
#include "src/kernels/activation.hpp"
#include "src/kernels/conv_pool.hpp"
#include "src/kernels/ensemble_head.hpp"
#include "src/kernels/gather_images.hpp"
#include "src/kernels/multiply_noise.hpp"
#include "src/kernels/norm_pool.hpp"
#include "src/kernels/output_curvature.hpp"
#include "src/kernels/pooled_pairs.hpp"
#include "src/kernels/pooled_pull.hpp"
#include "src/kernels/pooled_squares.hpp"
#include "src/kernels/sample_output.hpp"
#include "src/kernels/sparse_moments.hpp"
#include "src/noise/normal_fill.hpp"

namespace varphase {
namespace {

using Numbers = std::vector<float>;
using Wide = std::vector<double>;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

class Random {
 public:
  explicit Random(unsigned seed) : words_(seed) {}
  Numbers normals(std::int64_t count, double scale = 1, double shift = 0) {
    std::normal_distribution<double> law(shift, scale);
    Numbers list(static_cast<std::size_t>(count));
    for (float& x : list) x = static_cast<float>(law(words_));
    return list;
  }
  Numbers positives(std::int64_t count) {
    std::uniform_real_distribution<double> law(0.5, 1.5);
    Numbers list(static_cast<std::size_t>(count));
    for (float& x : list) x = static_cast<float>(law(words_));
    return list;
  }
  std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(words_() % static_cast<std::uint64_t>(bound));
  }

 private:
  std::mt19937 words_;
};

/// Largest difference in units of the largest reference.
template <class T>
void expect_close(const std::vector<T>& values, const Wide& wanted, double tolerance,
                  const std::string& what) {
  ASSERT_EQ(values.size(), wanted.size()) << what;
  double largest = 1e-30, off = 0;
  std::size_t place = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    largest = std::max(largest, std::abs(wanted[i]));
    const double difference = std::abs(static_cast<double>(values[i]) - wanted[i]);
    if (!std::isnan(off) && !(difference <= off)) {  // NaN stays
      off = difference;
      place = i;
    }
  }
  EXPECT_LE(off, tolerance * largest)
      << what << ", at " << place << ": " << values[place] << " for " << wanted[place];
}

double phi(Activation kind, double h, double beta = 1) {
  switch (kind) {
    case Activation::relu:
      return std::max(h, 0.0);
    case Activation::softplus:
      return (std::max(beta * h, 0.0) + std::log1p(std::exp(-std::abs(beta * h)))) / beta;
    case Activation::tanh:
      return std::tanh(h);
    default:
      return h;
  }
}

double slope(Activation kind, double h, double beta = 1) {
  switch (kind) {
    case Activation::relu:
      return h > 0 ? 1 : 0;
    case Activation::softplus:
      return 1 / (1 + std::exp(-beta * h));
    case Activation::tanh:
      return 1 - std::tanh(h) * std::tanh(h);
    default:
      return 1;
  }
}

double bend(Activation kind, double h, double beta = 1) {
  switch (kind) {
    case Activation::softplus:
      return beta * std::exp(-beta * h) / std::pow(1 + std::exp(-beta * h), 2);
    case Activation::tanh:
      return -2 * std::tanh(h) * (1 - std::tanh(h) * std::tanh(h));
    default:
      return 0;
  }
}

const std::vector<Activation> kKinds = {Activation::relu, Activation::softplus, Activation::tanh};

std::size_t at(std::int64_t place) { return static_cast<std::size_t>(place); }

// ------------------------------------------------------------------------------------ conv_pool

Wide conv_pool_reference(const ConvPool& job) {
  Wide y;
  for (std::int64_t n = 0; n < job.rows; ++n)
    for (std::int64_t o = 0; o < job.out_channels; ++o)
      for (std::int64_t py = 0; py < job.out_height(); ++py)
        for (std::int64_t px = 0; px < job.out_width(); ++px) {
          double best = -std::numeric_limits<double>::infinity();
          for (int w = 0; w < 4; ++w) {
            double sum = 0;
            for (std::int64_t c = 0; c < job.channels; ++c)
              for (std::int64_t u = 0; u < job.kernel; ++u)
                for (std::int64_t v = 0; v < job.kernel; ++v)
                  sum +=
                      static_cast<double>(
                          job.x[((n * job.channels + c) * job.height + 2 * py + w / 2 + u) *
                                    job.width +
                                2 * px + w % 2 + v]) *
                      static_cast<double>(
                          job.weight[((o * job.channels + c) * job.kernel + u) * job.kernel + v]);
            best = sum > best || std::isnan(sum) ? sum : best;
          }
          y.push_back(phi(job.activation, best + static_cast<double>(job.bias[o]),
                          static_cast<double>(job.beta)));
        }
  return y;
}

TEST(CpuConvPool, MeetsTheSumWrittenOut) {
  struct Size {
    std::int64_t rows, channels, height, width, outputs, kernel;
  };
  Random random(1);
  for (const Size& size : std::vector<Size>{{1, 1, 28, 28, 20, 5},
                                            {3, 20, 12, 12, 50, 5},
                                            {17, 1, 7, 9, 1, 3},
                                            {33, 3, 6, 6, 7, 3},
                                            {5, 2, 11, 8, 6, 5},
                                            {16, 4, 5, 6, 11, 3}}) {
    for (const Activation kind : kKinds) {
      const Numbers x = random.normals(size.rows * size.channels * size.height * size.width),
                    weight =
                        random.normals(size.outputs * size.channels * size.kernel * size.kernel,
                                       1 / std::sqrt(size.channels * size.kernel * size.kernel)),
                    bias = random.normals(size.outputs);
      ConvPool job{.x = x.data(), .weight = weight.data(), .bias = bias.data()};
      job.rows = size.rows, job.channels = size.channels;
      job.height = size.height, job.width = size.width;
      job.out_channels = size.outputs, job.kernel = size.kernel;
      job.activation = kind, job.beta = 2;
      Numbers y(at(job.rows * job.out_channels * job.out_height() * job.out_width()), kNaN);
      job.y = y.data();
      conv_pool(job, {});
      expect_close(y, conv_pool_reference(job), 2e-6,
                   fmt::format("{} images of {}, {} outputs, kernel {}", size.rows, size.channels,
                               size.outputs, size.kernel));
    }
  }
}

TEST(CpuConvPool, HidesNoNaN) {
  Random random(2);
  for (int place = 0; place < 4; ++place) {
    Numbers x = random.normals(3 * 8 * 8);
    x[at(64 + 27 + place)] = kNaN;
    const Numbers weight = random.normals(6 * 9), bias = random.normals(6);
    ConvPool job{.x = x.data(), .weight = weight.data(), .bias = bias.data()};
    job.rows = 3, job.channels = 1, job.height = 8, job.width = 8;
    job.out_channels = 6, job.kernel = 3;
    Numbers y(3 * 6 * 9, 0.0F);
    job.y = y.data();
    conv_pool(job, {});
    const Wide wanted = conv_pool_reference(job);
    int seen = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      EXPECT_EQ(std::isnan(y[i]), std::isnan(wanted[i])) << i;
      seen += std::isnan(y[i]) ? 1 : 0;
    }
    EXPECT_GT(seen, 0);
  }
}

// ------------------------------------------------------------------------------------ norm_pool

/// Forward and backward of a training pass in float64.
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
      const double mu = sum / static_cast<double>(places);
      for (std::int64_t p = 0; p < places; ++p) squares += std::pow(wide(job, p, c) - mu, 2);
      const double inverse =
          1 / std::sqrt(squares / static_cast<double>(places) + static_cast<double>(job.eps));
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
        dx[at(p * ch + c)] =
            weight * inverse * (dh[at(p)] - (b_sum + x_hat * w_sum) / static_cast<double>(places));
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
        expect_close(mean, wanted.mean, 1e-6, what);
        expect_close(inverse_sd, wanted.inverse_sd, 1e-6, what);
        expect_close(y, wanted.y, 2e-6, what);
        EXPECT_EQ(winner, wanted.winner) << what;
        expect_close(dx, wanted.dx, 5e-6, what);
        expect_close(dweight, wanted.dweight, 5e-6, what);
        expect_close(dbias, wanted.dbias, 5e-6, what);
      }
    }
  }
}

// -------------------------------------------------------------------------------- ensemble_head

TEST(CpuEnsembleHead, MeetsTheMeanOfItsMembers) {
  Random random(4);
  for (const Activation kind : {Activation::softplus, Activation::relu}) {
    for (const auto& [units, classes, members] :
         std::vector<std::tuple<std::int64_t, std::int64_t, std::int64_t>>{
             {500, 10, 50}, {7, 3, 1}, {33, 11, 18}, {4, 2, 5}}) {
      const std::int64_t variants = 2, rows = 3;
      const Numbers base = random.normals(variants * rows * units),
                    spread = random.positives(variants * rows * units),
                    weight = random.normals(classes * units, 2 / std::sqrt(units)),
                    bias = random.normals(classes);
      const std::vector<std::int64_t> example = {4, 0, 123456};
      EnsembleHead job;
      job.base = base.data(), job.spread = spread.data(), job.variants = variants;
      job.rows = rows, job.units = units, job.classes = classes;
      job.weight = weight.data(), job.bias = bias.data(), job.activation = kind;
      job.key = {7, Stream::evaluation, 3, 2};
      job.example = example.data(), job.first_member = 2, job.members = members;
      Numbers log_p(at(variants * rows * classes));
      job.log_p = log_p.data();
      ensemble_head(job, {});

      Wide wanted;
      for (std::int64_t g = 0; g < variants; ++g)
        for (std::int64_t n = 0; n < rows; ++n) {
          Wide mean(at(classes), 0);
          for (std::int64_t k = 0; k < members; ++k) {
            Wide logits(bias.begin(), bias.end());
            for (std::int64_t j = 0; j < units; ++j) {
              const std::size_t place = at((g * rows + n) * units + j);
              const double eps = static_cast<double>(
                  normal_at(job.key, static_cast<std::uint32_t>(example[at(n)]),
                            static_cast<std::uint32_t>(2 + k), static_cast<std::uint64_t>(j)));
              const double z = phi(kind, static_cast<double>(base[place]) +
                                             static_cast<double>(spread[place]) * eps);
              for (std::int64_t c = 0; c < classes; ++c)
                logits[at(c)] += static_cast<double>(weight[at(c * units + j)]) * z;
            }
            double total = 0;
            for (const double l : logits) total += std::exp(l);
            for (std::int64_t c = 0; c < classes; ++c)
              mean[at(c)] += std::exp(logits[at(c)]) / total / static_cast<double>(members);
          }
          for (const double p : mean) wanted.push_back(std::log(p));
        }
      expect_close(log_p, wanted, 1e-5, fmt::format("{} units, {} classes", units, classes));
    }
  }
}

// ----------------------------------------------------------------------------- output_curvature

template <class T>
void check_output_curvature(double tolerance) {
  Random random(5);
  for (const Activation kind : kKinds) {
    for (const auto& [units, classes] :
         std::vector<std::pair<std::int64_t, std::int64_t>>{{500, 10}, {1, 2}, {19, 7}, {64, 33}}) {
      const std::int64_t rows = 5;
      const auto cast = [](const Numbers& list) {
        return std::vector<T>(list.begin(), list.end());
      };
      const auto scale = cast(random.positives(units)), shift = cast(random.normals(units)),
                 weight = cast(random.normals(classes * units, 1 / std::sqrt(units))),
                 bias = cast(random.normals(classes)), b = cast(random.normals(rows * units));
      std::vector<std::int64_t> labels;
      for (std::int64_t n = 0; n < rows; ++n) labels.push_back(random.below(classes));
      Head<T> head{.scale = scale.data(), .shift = shift.data(), .weight = weight.data()};
      head.bias = bias.data(), head.units = units, head.classes = classes, head.activation = kind;
      std::vector<T> out(b.size()), nll(at(rows));
      output_curvature(head, b.data(), labels.data(), rows, out.data(), nll.data(), {});

      Wide wanted, wanted_nll;
      for (std::int64_t n = 0; n < rows; ++n) {
        Wide h(at(units)), p(bias.begin(), bias.end());
        for (std::int64_t j = 0; j < units; ++j) {
          h[at(j)] = static_cast<double>(scale[at(j)]) * static_cast<double>(b[at(n * units + j)]) +
                     static_cast<double>(shift[at(j)]);
          for (std::int64_t c = 0; c < classes; ++c)
            p[at(c)] += static_cast<double>(weight[at(c * units + j)]) * phi(kind, h[at(j)]);
        }
        double total = 0;
        for (double& l : p) total += l = std::exp(l);
        for (double& l : p) l /= total;
        wanted_nll.push_back(-std::log(p[at(labels[at(n)])]));
        for (std::int64_t j = 0; j < units; ++j) {
          double r = 0, square = 0, mean = 0;
          for (std::int64_t c = 0; c < classes; ++c) {
            const double v = static_cast<double>(weight[at(c * units + j)]);
            r += (p[at(c)] - (c == labels[at(n)] ? 1 : 0)) * v;
            square += p[at(c)] * v * v;
            mean += p[at(c)] * v;
          }
          wanted.push_back(std::pow(static_cast<double>(scale[at(j)]), 2) *
                           (bend(kind, h[at(j)]) * r +
                            std::pow(slope(kind, h[at(j)]), 2) * (square - mean * mean)));
        }
      }
      const std::string what = fmt::format("{} units, {} classes", units, classes);
      expect_close(out, wanted, tolerance, what);
      expect_close(nll, wanted_nll, tolerance, what);
    }
  }
}

TEST(CpuOutputCurvature, MeetsItsFormula) {
  check_output_curvature<float>(5e-6);
  check_output_curvature<double>(1e-13);
}

// ------------------------------------------------------------------------------- sparse_moments

TEST(CpuSparseMoments, MeetsTheSumWrittenOut) {
  Random random(6);
  struct Size {
    std::int64_t rows, channels, side, kernel, outputs;
    std::int64_t one_in;  // weights kept
  };
  for (const Size& size : std::vector<Size>{{70, 800, 1, 1, 50, 50},
                                            {1, 33, 1, 1, 7, 3},
                                            {129, 20, 1, 1, 11, 2},
                                            {5, 3, 7, 3, 6, 4},
                                            {19, 2, 9, 5, 4, 10}}) {
    SparseMoments job;
    job.rows = size.rows, job.outputs = size.outputs;
    job.geometry.channels = size.channels;
    job.geometry.height = job.geometry.width = size.side;
    job.geometry.kernel = size.kernel;
    job.geometry.padding = size.kernel / 2;
    job.geometry.out_height = job.geometry.out_width = size.side;
    std::vector<std::int32_t> indptr{0}, indices;
    for (std::int64_t o = 0; o < size.outputs; ++o)
      for (std::int64_t k = 0; k < size.kernel * size.kernel; ++k) {
        for (std::int64_t c = 0; c < size.channels; ++c)
          if (random.below(size.one_in) == 0)
            indices.push_back(static_cast<std::int32_t>(k * size.channels + c));
        indptr.push_back(static_cast<std::int32_t>(indices.size()));
      }
    const auto kept = static_cast<std::int64_t>(indices.size());
    const std::int64_t places = size.side * size.side;
    const Numbers x = random.normals(size.rows * places * size.channels),
                  mean = random.normals(kept), variance = random.positives(kept),
                  bias = random.normals(size.outputs);
    Numbers m(at(size.rows * places * size.outputs)), v(m.size());
    job.x = x.data(), job.indptr = indptr.data(), job.indices = indices.data();
    job.mean = mean.data(), job.variance = variance.data(), job.bias = bias.data();
    job.m = m.data(), job.v = v.data();
    sparse_moments(job, {});

    Wide wanted_m, wanted_v;
    for (std::int64_t n = 0; n < size.rows; ++n)
      for (std::int64_t p = 0; p < places; ++p)
        for (std::int64_t o = 0; o < size.outputs; ++o) {
          double sum = static_cast<double>(bias[at(o)]), squares = 0;
          for (std::int64_t k = 0; k < size.kernel * size.kernel; ++k) {
            const std::int64_t y = p / size.side + k / size.kernel - job.geometry.padding,
                               c = p % size.side + k % size.kernel - job.geometry.padding;
            if (y < 0 || c < 0 || y >= size.side || c >= size.side) continue;
            const std::size_t row = at(o * size.kernel * size.kernel + k);
            for (std::int32_t e = indptr[row]; e < indptr[row + 1]; ++e) {
              const double a =
                  static_cast<double>(x[at(((n * size.side + y) * size.side + c) * size.channels +
                                           indices[at(e)] % size.channels)]);
              sum += static_cast<double>(mean[at(e)]) * a;
              squares += static_cast<double>(variance[at(e)]) * a * a;
            }
          }
          wanted_m.push_back(sum);
          wanted_v.push_back(squares);
        }
    const std::string what = fmt::format("{} images, {} channels", size.rows, size.channels);
    expect_close(m, wanted_m, 2e-6, what);
    expect_close(v, wanted_v, 2e-6, what);
  }
}

// --------------------------------------------------------------------------------------- pooled

/// Winners at random places, some of them none; everything a pooled kernel reads.
template <class T>
struct PooledCase {
  std::int64_t images = 3, cells, outputs = 5, factors = 7, channels = 2, side = 6, kernel = 3;
  std::vector<T> v, sign, multiplier, input;
  std::vector<std::int32_t> corner;

  PooledCase(Random& random, std::int64_t with_cells) : cells(with_cells) {
    const auto cast = [](const Numbers& list) { return std::vector<T>(list.begin(), list.end()); };
    v = cast(random.normals(images * cells * outputs * factors));
    sign = cast(random.normals(images * factors));
    for (T& s : sign) s = s < 0 ? T(-1) : T(1);
    multiplier = cast(random.normals(images * cells * outputs));
    input = cast(random.normals(images * channels * side * side));
    for (std::int64_t i = 0; i < images * cells * outputs; ++i) {
      const std::int64_t range = side - kernel + 1;
      corner.push_back(random.below(5) == 0 ? -1
                                            : static_cast<std::int32_t>(random.below(range) * side +
                                                                        random.below(range)));
    }
  }
  void fill(PooledPatches<T>& job) const {
    job.v = v.data(), job.sign = sign.data(), job.corner = corner.data();
    job.multiplier = multiplier.data(), job.input = input.data();
    job.images = images, job.cells = cells, job.outputs = outputs, job.factors = factors;
    job.channels = channels, job.height = job.width = side, job.kernel = kernel;
  }
  std::int64_t parts() const { return outputs * channels * kernel * kernel; }
  /// sum_n,f sign (sum_cell v x)^2 by [O, C, kernel, kernel].
  Wide squares() const {
    Wide sums;
    for (std::int64_t o = 0; o < outputs; ++o)
      for (std::int64_t w = 0; w < channels * kernel * kernel; ++w) {
        double sum = 0;
        for (std::int64_t n = 0; n < images; ++n)
          for (std::int64_t f = 0; f < factors; ++f) {
            double inner = 0;
            for (std::int64_t cell = 0; cell < cells; ++cell) {
              const std::size_t place = at((n * cells + cell) * outputs + o);
              if (corner[place] < 0) continue;
              const std::int64_t from = corner[place] + w / kernel % kernel * side + w % kernel;
              inner += static_cast<double>(v[place * at(factors) + at(f)]) *
                       static_cast<double>(multiplier[place]) *
                       static_cast<double>(
                           input[at((n * channels + w / (kernel * kernel)) * side * side + from)]);
            }
            sum += static_cast<double>(sign[at(n * factors + f)]) * inner * inner;
          }
        sums.push_back(sum);
      }
    return sums;
  }
};

/// Shares of images, [parts, count], added up.
template <class T>
std::vector<T> added(const std::vector<T>& shares, std::int64_t count) {
  std::vector<T> sums(at(count), T(0));
  for (std::size_t i = 0; i < shares.size(); ++i) sums[i % at(count)] += shares[i];
  return sums;
}

template <class T>
void check_pooled_sums(double tolerance) {
  Random random(7);
  for (const std::int64_t cells : {1, 4, 9, 16}) {
    const PooledCase<T> with(random, cells);
    PooledSquares<T> squares;
    with.fill(squares);
    std::vector<T> parts(at(pooled_squares_parts(squares, {}) * with.parts()));
    squares.parts = parts.data();
    pooled_squares(squares, {});
    expect_close(added(parts, with.parts()), with.squares(), tolerance,
                 fmt::format("squares of {} cells", cells));

    ASSERT_TRUE(pooled_pairs_fit(cells));
    PooledPairs<T> pairs;
    with.fill(pairs);
    std::vector<T> products(at(with.images * with.outputs * cells * cells), T(0));
    pairs.pairs = products.data();
    add_pooled_pairs(pairs, {});
    parts.assign(at(pooled_pairs_parts(pairs, {}) * with.parts()), T(0));
    pairs.parts = parts.data();
    read_pooled_pairs(pairs, {});
    expect_close(added(parts, with.parts()), with.squares(), tolerance,
                 fmt::format("pairs of {} cells", cells));
  }
}

TEST(CpuPooledSums, MeetTheSumWrittenOut) {
  check_pooled_sums<float>(1e-5);
  check_pooled_sums<double>(1e-13);
}

template <class T>
void check_pooled_pull(double tolerance) {
  Random random(8);
  const PooledCase<T> with(random, 4);
  PooledPull<T> job;
  job.conv.channels = with.channels, job.conv.height = job.conv.width = with.side;
  job.conv.kernel = with.kernel;
  job.conv.padding = 1;
  job.conv.out_height = job.conv.out_width = with.side;
  std::vector<std::int32_t> position;
  for (std::int64_t i = 0; i < with.images * with.cells * with.outputs; ++i)
    position.push_back(
        random.below(5) == 0 ? -1 : static_cast<std::int32_t>(random.below(with.side * with.side)));
  const Numbers plain = random.normals(with.outputs * with.kernel * with.kernel * with.channels);
  const std::vector<T> weight(plain.begin(), plain.end());
  job.v = with.v.data(), job.position = position.data(), job.multiplier = with.multiplier.data();
  job.weight = weight.data(), job.images = with.images, job.cells = with.cells;
  job.outputs = with.outputs, job.factors = with.factors;
  std::vector<T> out(at(with.images * with.side * with.side * with.channels * with.factors));
  job.out = out.data();
  pooled_pull(job, {});

  Wide wanted(out.size(), 0);
  for (std::int64_t u = 0; u < with.images * with.cells * with.outputs; ++u) {
    if (position[at(u)] < 0) continue;
    const std::int64_t n = u / (with.cells * with.outputs), o = u % with.outputs;
    for (std::int64_t k = 0; k < with.kernel * with.kernel; ++k) {
      const std::int64_t y = position[at(u)] / with.side + k / with.kernel - 1,
                         x = position[at(u)] % with.side + k % with.kernel - 1;
      if (y < 0 || x < 0 || y >= with.side || x >= with.side) continue;
      for (std::int64_t c = 0; c < with.channels; ++c)
        for (std::int64_t f = 0; f < with.factors; ++f)
          wanted[at((((n * with.side + y) * with.side + x) * with.channels + c) * with.factors +
                    f)] +=
              static_cast<double>(with.multiplier[at(u)]) *
              static_cast<double>(
                  weight[at((o * with.kernel * with.kernel + k) * with.channels + c)]) *
              static_cast<double>(with.v[at(u * with.factors + f)]);
    }
  }
  expect_close(out, wanted, tolerance, "pull");
}

TEST(CpuPooledPull, MeetsTheSumWrittenOut) {
  check_pooled_pull<float>(2e-6);
  check_pooled_pull<double>(1e-14);
}

// ------------------------------------------------------------- the same bits on every instruction
// set

/// Runs `job` under every instruction set of the processor and expects the same bytes of each,
/// those of the definition written out.
void expect_same_bits(const std::string& what, const Numbers& wanted,
                      const std::function<Numbers()>& job) {
  const std::string before = instruction_set();
  for (const std::string& name : instruction_sets()) {
    choose_instruction_set(name);
    const Numbers values = job();
    ASSERT_EQ(values.size(), wanted.size());
    EXPECT_EQ(std::memcmp(values.data(), wanted.data(), values.size() * sizeof(float)), 0)
        << what << ": " << name;
  }
  choose_instruction_set(before);
}

TEST(EveryInstructionSet, DrawsTheSameNoise) {
  for (const std::int64_t units : {1, 3, 64, 777, 100003}) {
    const NoiseKey key{0x123456789ABCULL, Stream::training, 3, 0};
    Numbers one_by_one;
    for (std::int64_t u = 0; u < units; ++u)
      one_by_one.push_back(normal_at(key, 17, 4, static_cast<std::uint64_t>(u)));
    expect_same_bits(fmt::format("{} normals", units), one_by_one, [&] {
      Numbers out(at(units));
      fill_normals(key, 17, 4, units, out.data());
      return out;
    });
    Numbers uniforms;
    for (std::int64_t u = 0; u < units; ++u) {
      const PhiloxBlock block =
          noise_block({99, Stream::dropout, 1, 0}, 5, 0, static_cast<std::uint32_t>(u / 4));
      const std::uint32_t words[] = {block.x0, block.x1, block.x2, block.x3};
      uniforms.push_back(static_cast<float>(words[u % 4] >> 8U) / 16777216.0F);
    }
    expect_same_bits(fmt::format("{} uniforms", units), uniforms, [&] {
      Numbers out(at(units));
      fill_uniforms({99, Stream::dropout, 1, 0}, 5, 0, units, out.data());
      return out;
    });
  }
}

TEST(EveryInstructionSet, SamplesTheSameOutputs) {
  Random random(9);
  const std::vector<std::int64_t> example = {3, 1, 77}, member = {2};
  for (const bool channels_last : {false, true}) {
    for (const std::int64_t channels : {1, 5, 50}) {
      const std::int64_t positions = 6, size = 3 * channels * positions;
      const Numbers m = random.normals(size), v = random.positives(size);
      Numbers sampled(at(2 * size)), factors[2] = {Numbers(at(size)), Numbers(at(size))};
      for (std::int64_t i = 0; i < size; ++i) {
        const std::int64_t n = i / (channels * positions), inner = i % (channels * positions);
        const std::int64_t position = channels_last ? inner / channels : inner % positions;
        const std::int64_t channel = channels_last ? inner % channels : inner / positions;
        const std::uint32_t unit =
            output_unit(static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(channel),
                        static_cast<std::uint32_t>(channels));
        const auto image = static_cast<std::uint32_t>(example[at(n)]);
        const float eps = normal_at({5, Stream::training, 2, 0}, image, 2, unit);
        const float sd = std::sqrt(v[at(i)] + 1e-16F);
        sampled[at(i)] = m[at(i)] + eps * sd;
        sampled[at(size + i)] = eps / (2 * sd);
        const NoiseKey key{5, Stream::dropout, 2, 0};
        const PhiloxBlock block = noise_block(key, image, 2, unit / 4);
        const std::uint32_t words[] = {block.x0, block.x1, block.x2, block.x3};
        const bool keep = static_cast<double>(words[unit % 4]) < std::floor(0.7 * 0x1p32);
        factors[0][at(i)] = m[at(i)] * (keep ? static_cast<float>(1 / 0.7) : 0.0F);
        factors[1][at(i)] = m[at(i)] * std::fma(static_cast<float>(std::sqrt(0.3)),
                                                normal_at(key, image, 2, unit), 1.0F);
      }
      expect_same_bits("sample_output", sampled, [&] {
        Numbers out(at(2 * size));
        sample_output(m.data(), v.data(), 3, channels, positions, {5, Stream::training, 2, 0},
                      {example.data(), member.data(), 0}, out.data(), out.data() + size, {},
                      channels_last);
        return out;
      });
      for (const bool gaussian : {false, true}) {
        MultiplyNoise<float> job;
        job.x = m.data(), job.rows = 3, job.channels = channels, job.positions = positions;
        job.channels_last = channels_last;
        job.factor = gaussian ? gaussian_dropout_factor(0.3) : dropout_factor(0.7);
        job.key = {5, Stream::dropout, 2, 0};
        job.noise = {example.data(), member.data(), 0};
        expect_same_bits("multiply_noise", factors[gaussian ? 1 : 0], [&] {
          Numbers out(at(size));
          job.y = out.data();
          multiply_noise(job, {});
          return out;
        });
      }
    }
  }
}

TEST(EveryInstructionSet, GathersTheSameImages) {
  Random random(10);
  const std::int64_t count = 9, size = 3 * 7 * 5;
  std::vector<std::uint8_t> pixels;
  for (std::int64_t i = 0; i < count * size; ++i)
    pixels.push_back(static_cast<std::uint8_t>(random.below(256)));
  std::vector<std::int64_t> labels, example, order;
  for (std::int64_t i = 0; i < count; ++i) {
    labels.push_back(i % 3);
    example.push_back(i + 100);
    order.push_back((i * 4) % count);
  }
  const Numbers mean = random.positives(3), inverse = random.positives(3);
  const std::int64_t epoch = 3;
  for (const bool normalized : {false, true}) {
    for (const bool crop : {false, true}) {
      GatherImages job;
      job.pixels = pixels.data(), job.labels = labels.data(), job.example = example.data();
      job.order = order.data(), job.batch = count, job.size = size;
      job.height = 7, job.width = 5;
      if (normalized) job.mean = mean.data(), job.inverse_std = inverse.data();
      job.crop_flip.on = crop;
      job.crop_flip.padding = 2;
      job.crop_flip.key = {1, Stream::augmentation, 0, 0};
      job.crop_flip.epoch = &epoch;
      std::vector<std::int64_t> labels_out(at(count)), examples_out(at(count));
      job.labels_out = labels_out.data(), job.examples_out = examples_out.data();
      Numbers gathered;
      for (std::int64_t i = 0; i < count * size; ++i) {
        const std::int64_t image = order[at(i / size)], c = i % size / 35;
        std::int64_t y = i % 35 / 5, x = i % 5;
        if (crop) {
          const CropFlipDraw draw = draw_crop_flip(job.crop_flip, example[at(image)]);
          y += draw.dy;
          x = (draw.flip ? 4 - x : x) + draw.dx;
        }
        const bool inside = y >= 0 && y < 7 && x >= 0 && x < 5;
        const std::uint8_t pixel = inside ? pixels[at(image * size + c * 35 + y * 5 + x)] : 0;
        const float share = static_cast<float>(pixel) * (1.0F / 255.0F);
        gathered.push_back(normalized ? (share - mean[at(c)]) * inverse[at(c)] : share);
      }
      expect_same_bits("gather_images", gathered, [&] {
        Numbers out(at(count * size));
        job.out = out.data();
        gather_images(job, {});
        return out;
      });
    }
  }
}

}  // namespace
}  // namespace varphase
