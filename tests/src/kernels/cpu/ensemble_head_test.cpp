// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/predict/ensemble_head.hpp"

#include <tuple>

#include "src/noise/normal_fill.hpp"
#include "tests/src/kernels/cpu/float64_reference.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

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
      expect_close(log_p, wanted, tolerance::kFloatGradient,
                   fmt::format("{} units, {} classes", units, classes));
    }
  }
}

}  // namespace
}  // namespace varphase
