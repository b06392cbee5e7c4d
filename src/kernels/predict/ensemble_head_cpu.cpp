// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/predict/ensemble_head.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/kernels/predict/ensemble_head_cpu.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "src/kernels/support/dispatch.hpp"
#include "src/kernels/support/padded_rows.hpp"
#include "src/kernels/support/vectors.hpp"
#include "src/noise/normal_fill.hpp"

#ifndef VARPHASE_HEAD_ROW
#define VARPHASE_HEAD_ROW
namespace varphase {

constexpr std::int64_t kMaxClasses = 16;
constexpr std::int64_t kClassBlock = 5;   // classes whose sums a row has in registers at once
constexpr std::int64_t kMemberBlock = 4;  // members are rounded up to

constexpr float kNoClass = -1e30F;  // logit of a lane without a class: exp() of it is nothing

/// One image of one variant, its arrays as long as a multiple of every vector. Softplus' beta is
/// inside of them: base and spread are multiplied by it, the weights divided.
struct HeadRow {
  const float* base = nullptr;    // [padded]
  const float* spread = nullptr;  // [padded]
  const float* eps = nullptr;     // [members, rounded up to kMemberBlock, padded]
  const float* weight = nullptr;  // [classes, rounded up to kClassBlock, padded]
  const float* bias = nullptr;    // [16], kNoClass beyond the classes
  float* z = nullptr;             // [kMemberBlock, padded] workspace
  std::int64_t padded = 0;
  float* log_p = nullptr;           // [classes]
  float* member_entropy = nullptr;  // one, or null
};

}  // namespace varphase
#endif

HWY_BEFORE_NAMESPACE();
namespace varphase {
namespace HWY_NAMESPACE {

// Members at once, so that each load of V serves them all.
constexpr std::int64_t kMembers = kManyRegisters ? kMemberBlock : 2;
constexpr std::int64_t kClassVectors = kMaxClasses / kWidth;

/// A number for each class, a class a lane.
struct Classes {
  Floats part[kClassVectors];
};

/// Lane i of the result is the sum of all lanes of vectors[i], which are used up.
HWY_INLINE Floats sums_of_lanes(Floats* vectors) {
  for (std::int64_t count = kWidth / 2; count > 0; count /= 2) {
    for (std::int64_t i = 0; i < count; ++i) {
      vectors[i] = hn::ConcatEven(kFloats, vectors[2 * i + 1], vectors[2 * i]) +
                   hn::ConcatOdd(kFloats, vectors[2 * i + 1], vectors[2 * i]);
    }
  }
  return vectors[0];
}

/// Logits, a class a lane, to log probabilities.
HWY_INLINE void log_softmax(Classes& x) {
  Floats top = x.part[0];
  for (std::int64_t i = 1; i < kClassVectors; ++i) top = hn::Max(top, x.part[i]);
  top = hn::MaxOfLanes(kFloats, top);
  Floats total = zeros();
  for (Floats& part : x.part) {
    part = part - top;
    total = total + exp_of_negative(part);
  }
  const Floats log_total = all(std::log(hn::GetLane(hn::SumOfLanes(kFloats, total))));
  for (Floats& part : x.part) part = part - log_total;
}

/// Running log of a sum of exponentials, lane by lane.
struct LogSums {
  Floats largest, sum;
  HWY_INLINE void begin(Floats x) {
    largest = x;
    sum = all(1.0F);
  }
  HWY_INLINE void add(Floats x) {
    const Floats apart = x - largest;
    const auto larger = apart > zeros();
    const Floats share = exp_of_negative(negative_of(apart));
    sum = hn::IfThenElse(larger, hn::MulAdd(sum, share, all(1.0F)), sum + share);
    largest = hn::IfThenElse(larger, x, largest);
  }
};

/// -p log p by lane, 0 of lanes without a class.
HWY_INLINE Floats entropy_parts(Floats log_p) {
  return hn::IfThenZeroElse(log_p < all(kNoClass / 2), hn::Neg(exp_of_negative(log_p) * log_p));
}

/// z = phi(base + spread eps) of kMembers members from k on, into row.z.
template <Activation kind>
HWY_INLINE void activations_of_members(const EnsembleHead& job, const HeadRow& row,
                                       std::int64_t k) {
  for (std::int64_t j = 0; j < row.padded; j += kWidth) {
    const Floats base = load(row.base + j), spread = load(row.spread + j);
    for (std::int64_t m = 0; m < kMembers; ++m) {
      const Floats h = hn::MulAdd(spread, load(row.eps + (k + m) * row.padded + j), base);
      Floats z;
      if constexpr (kind == Activation::softplus) {
        z = softplus_of(h);  // beta is in base, spread and the weights already
      } else {
        z = activate<kind>(h, job.activation, job.beta);
      }
      store(row.z + m * row.padded + j, z);
    }
  }
}

/// V z of kMembers members, without bias.
HWY_INLINE void logits_of_members(const HeadRow& row, std::int64_t classes,
                                  Classes (&logits)[kMembers]) {
  // Rounded up, so that the last block may write its whole.
  Floats sums[kMembers][kMaxClasses + kClassBlock];
  for (auto& of_member : sums) std::fill(of_member, of_member + kMaxClasses, zeros());
  for (std::int64_t c0 = 0; c0 < classes; c0 += kClassBlock) {
    Floats sum[kMembers][kClassBlock];
    for (auto& of_member : sum) std::fill(of_member, of_member + kClassBlock, zeros());
    for (std::int64_t j = 0; j < row.padded; j += kWidth) {
      Floats z[kMembers];
      for (std::int64_t m = 0; m < kMembers; ++m) z[m] = load(row.z + m * row.padded + j);
      for (std::int64_t c = 0; c < kClassBlock; ++c) {
        const Floats v = load(row.weight + (c0 + c) * row.padded + j);
        for (std::int64_t m = 0; m < kMembers; ++m) sum[m][c] = hn::MulAdd(z[m], v, sum[m][c]);
      }
    }
    for (std::int64_t m = 0; m < kMembers; ++m)
      std::copy(sum[m], sum[m] + kClassBlock, sums[m] + c0);
  }
  for (std::int64_t m = 0; m < kMembers; ++m) {
    for (std::int64_t i = 0; i < kClassVectors; ++i)
      logits[m].part[i] = sums_of_lanes(sums[m] + i * kWidth);
  }
}

template <Activation kind>
HWY_INLINE void ensemble_of_row(const EnsembleHead& job, const HeadRow& row) {
  LogSums mean[kClassVectors];
  Floats entropy = zeros();
  for (std::int64_t k = 0; k < job.members; k += kMembers) {
    activations_of_members<kind>(job, row, k);
    Classes logits[kMembers];
    logits_of_members(row, job.classes, logits);
    for (std::int64_t m = 0; m < std::min(kMembers, job.members - k); ++m) {
      Classes& x = logits[m];
      for (std::int64_t i = 0; i < kClassVectors; ++i)
        x.part[i] = x.part[i] + load(row.bias + i * kWidth);
      log_softmax(x);
      for (std::int64_t i = 0; i < kClassVectors; ++i) {
        if (k + m == 0) {
          mean[i].begin(x.part[i]);
        } else {
          mean[i].add(x.part[i]);
        }
        if (row.member_entropy != nullptr) entropy = entropy + entropy_parts(x.part[i]);
      }
    }
  }
  float largest[kMaxClasses], sum[kMaxClasses];
  for (std::int64_t i = 0; i < kClassVectors; ++i) {
    store(largest + i * kWidth, mean[i].largest);
    store(sum + i * kWidth, mean[i].sum);
  }
  const float log_members = std::log(static_cast<float>(job.members));
  for (std::int64_t c = 0; c < job.classes; ++c)
    row.log_p[c] = largest[c] + std::log(sum[c]) - log_members;
  if (row.member_entropy == nullptr) return;
  *row.member_entropy =
      hn::GetLane(hn::SumOfLanes(kFloats, entropy)) / static_cast<float>(job.members);
}

void ensemble_row(const EnsembleHead& job, const HeadRow& row) {
  with_activation(job.activation,
                  [&]<Activation kind>() HWY_ATTR { ensemble_of_row<kind>(job, row); });
}

}  // namespace HWY_NAMESPACE
}  // namespace varphase
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace varphase {
namespace {

HWY_EXPORT(ensemble_row);

constexpr std::int64_t kMaxUnits = 4096;

float inner_beta(const EnsembleHead& job) {
  return job.activation == Activation::softplus ? job.beta : 1.0F;
}

void ensemble_rows(const EnsembleHead& job, const std::vector<float>& weight, std::int64_t padded,
                   std::int64_t begin, std::int64_t end) {
  const auto ensemble_of = HWY_DYNAMIC_DISPATCH(ensemble_row);
  const std::int64_t members = rounded_up(job.members, kMemberBlock);
  std::vector<float> eps(static_cast<std::size_t>(members * padded));
  std::vector<float> base(static_cast<std::size_t>(padded)), spread(base);
  std::vector<float> z(static_cast<std::size_t>(kMemberBlock * padded));
  const float beta = inner_beta(job);
  float bias[kMaxClasses];
  for (std::int64_t c = 0; c < kMaxClasses; ++c)
    bias[c] = c >= job.classes ? kNoClass : job.bias != nullptr ? job.bias[c] : 0.0F;
  for (std::int64_t n = begin; n < end; ++n) {
    for (std::int64_t k = 0; k < job.members; ++k) {  // none for those that fill a block up
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
      row.z = z.data();
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
  const std::int64_t padded = rounded_up(job.units, kPadding);
  std::vector<float> weight =
      padded_rows(job.weight, job.classes, job.units, rounded_up(job.classes, kClassBlock), padded);
  for (float& entry : weight) entry /= inner_beta(job);
  parallel_for(job.rows, 4, [&](std::int64_t begin, std::int64_t end) {
    ensemble_rows(job, weight, padded, begin, end);
  });
}

}  // namespace varphase
#endif  // HWY_ONCE
