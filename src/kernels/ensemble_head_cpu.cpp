// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/ensemble_head.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "src/kernels/dispatch.hpp"
#include "src/kernels/lanes.hpp"
#include "src/noise/normal_fill.hpp"
#include "src/noise/simd.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kMaxClasses = 16;
constexpr std::int64_t kMaxUnits = 4096;

// Running log of a sum of exponentials.
struct LogSum {
  float largest = -std::numeric_limits<float>::infinity();
  float sum = 0;
  void add(float x) {
    if (x > largest) {
      sum = sum * std::exp(largest - x) + 1.0F;
      largest = x;
    } else {
      sum += std::exp(x - largest);
    }
  }
};

// -p log p, 0 where p is.
float entropy_part(float log_p) {
  const float p = std::exp(log_p);
  return p == 0 ? 0.0F : -p * log_p;
}

// Logits of two members at once, so that each load of V serves twice.
template <Activation kind, int C>
VARPHASE_INLINE void logits_of_pair(const EnsembleHead& job, const float* base, const float* spread,
                                    const float* weight, std::int64_t padded, const float* eps,
                                    float* logits) {
  Lanes sum[2][C] = {};
  for (std::int64_t j = 0; j < padded; j += kLanes) {
    Lanes a, b, e0, e1;
    load(a, base + j);
    load(b, spread + j);
    load(e0, eps + j);
    load(e1, eps + padded + j);
    Lanes z0 = a + b * e0;
    Lanes z1 = a + b * e1;
    activate<kind>(z0, job.activation, job.beta);
    activate<kind>(z1, job.activation, job.beta);
    for (int c = 0; c < C; ++c) {
      Lanes v;
      load(v, weight + c * padded + j);
      sum[0][c] += z0 * v;
      sum[1][c] += z1 * v;
    }
  }
  for (int k = 0; k < 2; ++k) {
    for (int c = 0; c < C; ++c) {
      float total = 0;
      for (std::int64_t i = 0; i < kLanes; ++i) total += sum[k][c][i];
      logits[k * kMaxClasses + c] = total;
    }
  }
}

#define VARPHASE_LOGITS(name, kind, C)                                                            \
  VARPHASE_SIMD_CLONES void name(const EnsembleHead& job, const float* base, const float* spread, \
                                 const float* weight, std::int64_t padded, const float* eps,      \
                                 float* logits) {                                                 \
    logits_of_pair<kind, C>(job, base, spread, weight, padded, eps, logits);                      \
  }
VARPHASE_LOGITS(relu_10, Activation::relu, 10)
VARPHASE_LOGITS(softplus_10, Activation::softplus, 10)
VARPHASE_LOGITS(other_10, Activation::identity, 10)
VARPHASE_LOGITS(relu_16, Activation::relu, 16)
VARPHASE_LOGITS(softplus_16, Activation::softplus, 16)
VARPHASE_LOGITS(other_16, Activation::identity, 16)

auto pick_logits(Activation kind, std::int64_t padded_classes) {
  const bool ten = padded_classes == 10;
  if (kind == Activation::relu) return ten ? relu_10 : relu_16;
  if (kind == Activation::softplus) return ten ? softplus_10 : softplus_16;
  return ten ? other_10 : other_16;
}

std::vector<float> padded_rows(const float* from, std::int64_t rows, std::int64_t padded_rows_count,
                               std::int64_t units, std::int64_t padded) {
  std::vector<float> to(static_cast<std::size_t>(padded_rows_count * padded), 0.0F);
  for (std::int64_t r = 0; r < rows; ++r)
    std::memcpy(&to[static_cast<std::size_t>(r * padded)], from + r * units,
                static_cast<std::size_t>(units) * sizeof(float));
  return to;
}

void ensemble_rows(const EnsembleHead& job, const std::vector<float>& weight, std::int64_t padded,
                   std::int64_t padded_classes, std::int64_t begin, std::int64_t end) {
  const auto logits_of = pick_logits(job.activation, padded_classes);
  const std::int64_t pairs = (job.members + 1) / 2;
  std::vector<float> eps(static_cast<std::size_t>(2 * pairs * padded));
  std::vector<float> base(static_cast<std::size_t>(padded)), spread(base);
  float logits[2 * kMaxClasses];
  for (std::int64_t n = begin; n < end; ++n) {
    for (std::int64_t k = 0; k < 2 * pairs; ++k) {
      fill_normals(job.key, static_cast<std::uint32_t>(job.example[n]),
                   static_cast<std::uint32_t>(job.first_member + k), padded,
                   &eps[static_cast<std::size_t>(k * padded)]);
    }
    for (std::int64_t g = 0; g < job.variants; ++g) {
      const auto bytes = static_cast<std::size_t>(job.units) * sizeof(float);
      std::memcpy(base.data(), job.base + (g * job.rows + n) * job.units, bytes);
      std::memcpy(spread.data(), job.spread + (g / job.share * job.rows + n) * job.units, bytes);
      LogSum mean[kMaxClasses];
      float entropy = 0;
      for (std::int64_t pair = 0; pair < pairs; ++pair) {
        logits_of(job, base.data(), spread.data(), weight.data(), padded,
                  &eps[static_cast<std::size_t>(2 * pair * padded)], logits);
        for (std::int64_t k = 0; k < std::min<std::int64_t>(2, job.members - 2 * pair); ++k) {
          float* own = logits + k * kMaxClasses;
          LogSum normalizer;
          for (std::int64_t c = 0; c < job.classes; ++c) {
            if (job.bias != nullptr) own[c] += job.bias[c];
            normalizer.add(own[c]);
          }
          const float log_total = normalizer.largest + std::log(normalizer.sum);
          for (std::int64_t c = 0; c < job.classes; ++c) mean[c].add(own[c] - log_total);
          if (job.member_entropy != nullptr) {
            for (std::int64_t c = 0; c < job.classes; ++c)
              entropy += entropy_part(own[c] - log_total);
          }
        }
      }
      if (job.member_entropy != nullptr)
        job.member_entropy[n] = entropy / static_cast<float>(job.members);
      const float log_members = std::log(static_cast<float>(job.members));
      float* out = job.log_p + (g * job.rows + n) * job.classes;
      for (std::int64_t c = 0; c < job.classes; ++c)
        out[c] = mean[c].largest + std::log(mean[c].sum) - log_members;
    }
  }
}

}  // namespace

bool ensemble_head_fits(std::int64_t units, std::int64_t classes, Where where) {
  if (units > kMaxUnits || classes > kMaxClasses) return false;
  if (!where.cuda) return true;
  // V, the noise of one member, and what ensemble_head.cu keeps of members and variants.
  const std::int64_t padded = (units + 127) / 128 * 128, width = classes <= 10 ? 10 : kMaxClasses;
  const std::int64_t floats = (width + 1) * padded + 12 * 4 * (width + 1);
  return 4 * floats + 8 * kEnsembleHeadVariants * width <= fast_memory(where);
}

void ensemble_head(const EnsembleHead& job, Where where) {
  VARPHASE_CHECK(
      ensemble_head_fits(job.units, job.classes, where) && job.variants <= kEnsembleHeadVariants,
      ErrorKind::unsupported,
      "the fused head takes at most {} units, {} classes and {} variants, got {}, {} and "
      "{}, or this GPU has too little shared memory",
      kMaxUnits, kMaxClasses, kEnsembleHeadVariants, job.units, job.classes, job.variants);
  VARPHASE_CHECK(job.member_entropy == nullptr || job.variants == 1, ErrorKind::unsupported,
                 "the fused head gives members' entropies for one variant, not for {}",
                 job.variants);
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::ensemble_head(job, where.stream));
    return;
  }
  const std::int64_t padded = (job.units + kLanes - 1) / kLanes * kLanes;
  const std::int64_t padded_classes = job.classes <= 10 ? 10 : kMaxClasses;
  const std::vector<float> weight =
      padded_rows(job.weight, job.classes, padded_classes, job.units, padded);
  parallel_for(job.rows, 4, [&](std::int64_t begin, std::int64_t end) {
    ensemble_rows(job, weight, padded, padded_classes, begin, end);
  });
}

}  // namespace varphase
