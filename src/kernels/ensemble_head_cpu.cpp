// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/ensemble_head.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "src/kernels/dispatch.hpp"
#include "src/kernels/lanes.hpp"
#include "src/noise/normal_fill.hpp"
#include "src/noise/simd.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kMaxClasses = 16;
constexpr std::int64_t kMaxUnits = 4096;

constexpr float kNoClass = -1e30F;  // logit of a lane without a class: exp() of it is nothing

/// One image of one variant, its arrays as long as a multiple of the lanes. Softplus' beta is
/// inside of them: base and spread are multiplied by it, the weights divided.
struct HeadRow {
  const float* base = nullptr;    // [padded]
  const float* spread = nullptr;  // [padded]
  const float* eps = nullptr;     // [members, rounded up to even, padded]
  const float* weight = nullptr;  // [10 or 16, padded]
  const float* bias = nullptr;    // [16], kNoClass beyond the classes
  std::int64_t padded = 0;
  float* log_p = nullptr;           // [classes]
  float* member_entropy = nullptr;  // one, or null
};

/// Lane i of the result is the sum of all lanes of vectors[i]; of missing vectors it is 0.
template <int Count>
VARPHASE_INLINE void sums_of_lanes(const Lanes (&vectors)[Count], Lanes& sums) {
  Lanes v[kLanes] = {};
  for (int i = 0; i < Count; ++i) v[i] = vectors[i];
  for (int i = 0; i < (Count + 1) / 2; ++i)
    v[i] = __builtin_shufflevector(v[2 * i], v[2 * i + 1], 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10,
                                   26, 12, 28, 14, 30) +
           __builtin_shufflevector(v[2 * i], v[2 * i + 1], 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11,
                                   27, 13, 29, 15, 31);
  for (int i = (Count + 1) / 2; i < kLanes; ++i) v[i] = Lanes{};
  for (int i = 0; i < (Count + 3) / 4; ++i)
    v[i] = __builtin_shufflevector(v[2 * i], v[2 * i + 1], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25,
                                   12, 13, 28, 29) +
           __builtin_shufflevector(v[2 * i], v[2 * i + 1], 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26,
                                   27, 14, 15, 30, 31);
  for (int i = (Count + 3) / 4; i < 4; ++i) v[i] = Lanes{};
  for (int i = 0; i < 2; ++i)
    v[i] = __builtin_shufflevector(v[2 * i], v[2 * i + 1], 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11,
                                   24, 25, 26, 27) +
           __builtin_shufflevector(v[2 * i], v[2 * i + 1], 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14,
                                   15, 28, 29, 30, 31);
  sums =
      __builtin_shufflevector(v[0], v[1], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
      __builtin_shufflevector(v[0], v[1], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30,
                              31);
}

// Lanes met with those so many places on, in turn: every lane then has the result of all.
#define VARPHASE_TURNED(x, n)                                                               \
  __builtin_shufflevector(x, x, (n), (1 + (n)) % 16, (2 + (n)) % 16, (3 + (n)) % 16,        \
                          (4 + (n)) % 16, (5 + (n)) % 16, (6 + (n)) % 16, (7 + (n)) % 16,   \
                          (8 + (n)) % 16, (9 + (n)) % 16, (10 + (n)) % 16, (11 + (n)) % 16, \
                          (12 + (n)) % 16, (13 + (n)) % 16, (14 + (n)) % 16, (15 + (n)) % 16)
VARPHASE_INLINE void larger(Lanes& x, const Lanes& other) { x = x < other ? other : x; }
VARPHASE_INLINE void largest_everywhere(Lanes& x) {
  larger(x, VARPHASE_TURNED(x, 8));
  larger(x, VARPHASE_TURNED(x, 4));
  larger(x, VARPHASE_TURNED(x, 2));
  larger(x, VARPHASE_TURNED(x, 1));
}
VARPHASE_INLINE void sum_everywhere(Lanes& x) {
  x += VARPHASE_TURNED(x, 8);
  x += VARPHASE_TURNED(x, 4);
  x += VARPHASE_TURNED(x, 2);
  x += VARPHASE_TURNED(x, 1);
}
#undef VARPHASE_TURNED

/// Logits, a class a lane, to log probabilities.
VARPHASE_INLINE void log_softmax_lanes(Lanes& x) {
  Lanes top = x;
  largest_everywhere(top);
  x -= top;
  Lanes total = x;
  exp_of_negative(total);
  sum_everywhere(total);
  x -= std::log(static_cast<float>(total[0]));
}

/// Running log of a sum of exponentials, lane by lane.
struct LogSums {
  Lanes largest, sum;
  VARPHASE_INLINE void begin(const Lanes& x) {
    largest = x;
    sum = Lanes{} + 1.0F;
  }
  VARPHASE_INLINE void add(const Lanes& x) {
    const Lanes apart = x - largest;
    Lanes share = apart > Lanes{} ? -apart : apart;
    exp_of_negative(share);
    sum = apart > Lanes{} ? sum * share + 1.0F : sum + share;
    largest = apart > Lanes{} ? x : largest;
  }
};

/// -p log p by lane, 0 of lanes without a class.
VARPHASE_INLINE void entropy_parts(const Lanes& log_p, Lanes& parts) {
  Lanes p = log_p;
  exp_of_negative(p);
  parts = log_p < Lanes{} + kNoClass / 2 ? Lanes{} : -p * log_p;
}

template <Activation kind, int C>
VARPHASE_INLINE void ensemble_of_row(const EnsembleHead& job, const HeadRow& row) {
  Lanes bias, entropy = {};
  load(bias, row.bias);
  LogSums mean;
  for (std::int64_t k = 0; k < job.members; k += 2) {
    // Two members at once, so that each load of V serves twice.
    const float* const eps = row.eps + k * row.padded;
    Lanes sum[2][C] = {};
    for (std::int64_t j = 0; j < row.padded; j += kLanes) {
      Lanes a, b, e0, e1;
      load(a, row.base + j);
      load(b, row.spread + j);
      load(e0, eps + j);
      load(e1, eps + row.padded + j);
      Lanes z0 = a + b * e0;
      Lanes z1 = a + b * e1;
      if constexpr (kind == Activation::softplus) {
        softplus_of(z0);
        softplus_of(z1);
      } else {
        activate<kind>(z0, job.activation, job.beta);
        activate<kind>(z1, job.activation, job.beta);
      }
      for (int c = 0; c < C; ++c) {
        Lanes v;
        load(v, row.weight + c * row.padded + j);
        sum[0][c] += z0 * v;
        sum[1][c] += z1 * v;
      }
    }
    for (std::int64_t i = 0; i < std::min<std::int64_t>(2, job.members - k); ++i) {
      Lanes x;
      sums_of_lanes<C>(sum[i], x);
      x += bias;
      log_softmax_lanes(x);
      if (k + i == 0) {
        mean.begin(x);
      } else {
        mean.add(x);
      }
      if (row.member_entropy != nullptr) {
        Lanes parts;
        entropy_parts(x, parts);
        entropy += parts;
      }
    }
  }
  const float log_members = std::log(static_cast<float>(job.members));
  for (std::int64_t c = 0; c < job.classes; ++c)
    row.log_p[c] = static_cast<float>(mean.largest[c]) + std::log(static_cast<float>(mean.sum[c])) -
                   log_members;
  if (row.member_entropy == nullptr) return;
  sum_everywhere(entropy);
  *row.member_entropy = static_cast<float>(entropy[0]) / static_cast<float>(job.members);
}

#define VARPHASE_HEAD_ROW(name, kind, C)                                        \
  VARPHASE_SIMD_CLONES void name(const EnsembleHead& job, const HeadRow& row) { \
    ensemble_of_row<kind, C>(job, row);                                         \
  }
VARPHASE_HEAD_ROW(relu_10, Activation::relu, 10)
VARPHASE_HEAD_ROW(softplus_10, Activation::softplus, 10)
VARPHASE_HEAD_ROW(other_10, Activation::identity, 10)
VARPHASE_HEAD_ROW(relu_16, Activation::relu, 16)
VARPHASE_HEAD_ROW(softplus_16, Activation::softplus, 16)
VARPHASE_HEAD_ROW(other_16, Activation::identity, 16)

auto pick_row(Activation kind, std::int64_t padded_classes) {
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

float inner_beta(const EnsembleHead& job) {
  return job.activation == Activation::softplus ? job.beta : 1.0F;
}

void ensemble_rows(const EnsembleHead& job, const std::vector<float>& weight, std::int64_t padded,
                   std::int64_t padded_classes, std::int64_t begin, std::int64_t end) {
  const auto ensemble_of = pick_row(job.activation, padded_classes);
  const std::int64_t members = (job.members + 1) / 2 * 2;
  std::vector<float> eps(static_cast<std::size_t>(members * padded));
  std::vector<float> base(static_cast<std::size_t>(padded)), spread(base);
  const float beta = inner_beta(job);
  float bias[kLanes];
  for (std::int64_t c = 0; c < kLanes; ++c)
    bias[c] = c >= job.classes ? kNoClass : job.bias != nullptr ? job.bias[c] : 0.0F;
  for (std::int64_t n = begin; n < end; ++n) {
    for (std::int64_t k = 0; k < members; ++k) {
      fill_normals(job.key, static_cast<std::uint32_t>(job.example[n]),
                   static_cast<std::uint32_t>(job.first_member + k), padded,
                   &eps[static_cast<std::size_t>(k * padded)]);
    }
    for (std::int64_t g = 0; g < job.variants; ++g) {
      const float* const own_base = job.base + (g * job.rows + n) * job.units;
      const float* const own_spread = job.spread + (g / job.share * job.rows + n) * job.units;
      for (std::int64_t j = 0; j < job.units; ++j) {
        base[static_cast<std::size_t>(j)] = own_base[j] * beta;
        spread[static_cast<std::size_t>(j)] = own_spread[j] * beta;
      }
      HeadRow row;
      row.base = base.data();
      row.spread = spread.data();
      row.eps = eps.data();
      row.weight = weight.data();
      row.bias = bias;
      row.padded = padded;
      row.log_p = job.log_p + (g * job.rows + n) * job.classes;
      row.member_entropy = job.member_entropy != nullptr ? job.member_entropy + n : nullptr;
      ensemble_of(job, row);
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
  std::vector<float> weight =
      padded_rows(job.weight, job.classes, padded_classes, job.units, padded);
  for (float& entry : weight) entry /= inner_beta(job);
  parallel_for(job.rows, 4, [&](std::int64_t begin, std::int64_t end) {
    ensemble_rows(job, weight, padded, padded_classes, begin, end);
  });
}

}  // namespace varphase
