// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/curvature/pooled_pairs.hpp"
#include "src/kernels/curvature/pooled_pull.hpp"
#include "src/kernels/curvature/pooled_squares.hpp"
#include "tests/src/kernels/cpu/float64_reference.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

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
  check_pooled_sums<float>(tolerance::kFloatGradient);
  check_pooled_sums<double>(tolerance::kDoubleFormula);
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
  check_pooled_pull<float>(tolerance::kFloatLayer);
  check_pooled_pull<double>(tolerance::kDoubleSteps);
}

}  // namespace
}  // namespace varphase
