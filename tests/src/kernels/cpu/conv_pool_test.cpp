// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/layers/conv_pool.hpp"

#include "tests/src/kernels/cpu/float64_reference.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

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
      expect_close(y, conv_pool_reference(job), tolerance::kFloatLayer,
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

}  // namespace
}  // namespace varphase
