// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/products/sparse_moments.hpp"

#include "tests/src/kernels/cpu/float64_reference.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

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
    expect_close(m, wanted_m, tolerance::kFloatLayer, what);
    expect_close(v, wanted_v, tolerance::kFloatLayer, what);
  }
}

}  // namespace
}  // namespace varphase
