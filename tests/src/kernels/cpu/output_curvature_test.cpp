// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/curvature/output_curvature.hpp"

#include <utility>

#include "tests/src/kernels/cpu/float64_reference.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

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
  check_output_curvature<float>(tolerance::kFloatLongSum);
  check_output_curvature<double>(tolerance::kDoubleFormula);
}

}  // namespace
}  // namespace varphase
