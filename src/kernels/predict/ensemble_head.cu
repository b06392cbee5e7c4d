// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/predict/ensemble_head.hpp"

#include <algorithm>

#include "src/kernels/support/launch.cuh"
#include "src/noise/normal.hpp"

namespace varphase::cuda {
namespace {

constexpr int kWarp = 32;
constexpr int kPack = 4;         // units of a lane at once: those of one Philox block
constexpr int kMaxClasses = 16;  // limit of ensemble_head_fits
constexpr int kHeldSteps = 4;    // packs that a lane keeps in registers where units are 385 to 512
constexpr int kMaxWarps = 12;    // leaves a thread 168 registers

// phi for sums that promise rounding alone; the hardware's exp2 and log2 are within 2e-7 of 1 + e.
template <Activation kind>
__device__ float activated(float h, Activation other, float beta) {
  if (kind == Activation::relu) return h < 0 ? 0.0F : h;  // NaN stays NaN
  if (kind == Activation::softplus) {
    const float x = beta * h;
    return (fmaxf(x, 0.0F) + __logf(1.0F + __expf(-fabsf(x)))) * (1.0F / beta);
  }
  return activation_jet(other, h, beta).value;
}

__device__ float4 load_pack(const float* row, int j, int units) {
  if (units % kPack == 0) {
    return j < units ? *reinterpret_cast<const float4*>(row + j) : make_float4(0, 0, 0, 0);
  }
  return make_float4(j < units ? row[j] : 0, j + 1 < units ? row[j + 1] : 0,
                     j + 2 < units ? row[j + 2] : 0, j + 3 < units ? row[j + 3] : 0);
}

__device__ float4 noise_pack(const NoiseKey& key, std::uint32_t example, std::uint32_t member,
                             int j) {
  const PhiloxBlock block =
      noise_block(key, example, member, static_cast<std::uint32_t>(j / kPack));
  const NormalPair a = normal_pair(block.x0, block.x1);
  const NormalPair b = normal_pair(block.x2, block.x3);
  return make_float4(a.even, a.odd, b.even, b.odd);
}

/// Base and spread of one variant and image: a lane's share, in registers where they fit.
template <int Steps>
struct HeadRow {
  const float* base;
  const float* spread;
  int units;
  float4 base_held[Steps > 0 ? Steps : 1];
  float4 spread_held[Steps > 0 ? Steps : 1];

  __device__ HeadRow(const EnsembleHead& job, std::int64_t g, std::int64_t n, int lane)
      : base(job.base + (g * job.rows + n) * job.units),
        spread(job.spread + (g / job.share * job.rows + n) * job.units),
        units(static_cast<int>(job.units)) {
#pragma unroll
    for (int s = 0; s < Steps; ++s) {
      base_held[s] = load_pack(base, kPack * (lane + kWarp * s), units);
      spread_held[s] = load_pack(spread, kPack * (lane + kWarp * s), units);
    }
  }
};

/// Logits of `Members` members, a lane's share of each sum: sum[m * C + c].
/// @param noise  noise(m, j) gives the pack of member m at units j .. j + 3
template <int C, int Members, int Steps, Activation kind, class Noise>
__device__ void add_logits(const EnsembleHead& job, const HeadRow<Steps>& row, const float* weight,
                           int padded, int lane, const Noise& noise, float (&sum)[Members * C]) {
  const auto step = [&](int j, const float4& base, const float4& spread) {
    float4 z[Members];
#pragma unroll
    for (int m = 0; m < Members; ++m) {
      const float4 e = noise(m, j);
      z[m].x = activated<kind>(fmaf(spread.x, e.x, base.x), job.activation, job.beta);
      z[m].y = activated<kind>(fmaf(spread.y, e.y, base.y), job.activation, job.beta);
      z[m].z = activated<kind>(fmaf(spread.z, e.z, base.z), job.activation, job.beta);
      z[m].w = activated<kind>(fmaf(spread.w, e.w, base.w), job.activation, job.beta);
    }
#pragma unroll
    for (int c = 0; c < C; ++c) {
      const float4 v = *reinterpret_cast<const float4*>(weight + c * padded + j);
#pragma unroll
      for (int m = 0; m < Members; ++m) {
        float& to = sum[m * C + c];
        to = fmaf(v.x, z[m].x, fmaf(v.y, z[m].y, fmaf(v.z, z[m].z, fmaf(v.w, z[m].w, to))));
      }
    }
  };
  if constexpr (Steps > 0) {
#pragma unroll
    for (int s = 0; s < Steps; ++s)
      step(kPack * (lane + kWarp * s), row.base_held[s], row.spread_held[s]);
  } else {
    for (int j = kPack * lane; j < padded; j += kPack * kWarp)
      step(j, load_pack(row.base, j, row.units), load_pack(row.spread, j, row.units));
  }
}

// One exchange of sum_over_lanes: of N values a lane keeps half, and adds the other lane's.
template <int N, int Offset, int Total>
__device__ void fold(float (&values)[Total], int lane) {
  constexpr int half = (N + 1) / 2;
  const bool upper = (lane & Offset) != 0;
#pragma unroll
  for (int i = 0; i < half; ++i) {
    const float other = i + half < N ? values[i + half < N ? i + half : i] : 0.0F;
    const float keep = upper ? other : values[i];
    const float give = upper ? values[i] : other;
    values[i] = keep + __shfl_xor_sync(0xffffffffU, give, Offset);
  }
  if constexpr (Offset > 1) fold<half, Offset / 2>(values, lane);
}

/// Which of N values a lane holds in `slot` after the folds from Offset on; N or more: none.
template <int N, int Offset>
__device__ int folded_place(int lane, int slot) {
  constexpr int half = (N + 1) / 2;
  int i = slot;
  if constexpr (Offset > 1) i = folded_place<half, Offset / 2>(lane, slot);
  if (i >= half) return N;
  return (lane & Offset) != 0 ? i + half : i;
}

/// Sums of N values over the lanes, written to `out` [N]. Lanes halve what they hold at each
/// exchange, so that N values cost about N exchanges instead of 5 N.
template <int N>
__device__ void sum_over_lanes(float (&values)[N], int lane, float* out) {
  fold<N, kWarp / 2>(values, lane);
#pragma unroll
  for (int slot = 0; slot < (N + kWarp - 1) / kWarp; ++slot) {
    const int i = folded_place<N, kWarp / 2>(lane, slot);
    if (i < N) out[i] = values[slot];
  }
}

__device__ void add_to_log_sum(float2& state, float largest, float sum) {
  if (largest == -INFINITY) return;
  const float top = fmaxf(state.x, largest);
  state.y = state.y * __expf(state.x - top) + sum * __expf(largest - top);
  state.x = top;
}

/// Turns the sums of a few members into log probabilities and adds them to the running log-sum-exp
/// of each class, which lane c < classes holds.
/// @param scratch  the warp's own [Members * C + Members]
/// @param entropy  null, or what lane m adds the entropy of every member at place m to
template <int C, int Members>
__device__ void add_members(const EnsembleHead& job, float (&sum)[Members * C], int real_members,
                            int lane, float* scratch, float2& state, float* entropy) {
  sum_over_lanes(sum, lane, scratch);
  __syncwarp();
  const int classes = static_cast<int>(job.classes);
  if (lane < Members) {
    const float* logits = scratch + lane * C;
    float top = -INFINITY;
    for (int c = 0; c < classes; ++c)
      top = fmaxf(top, logits[c] + (job.bias != nullptr ? job.bias[c] : 0.0F));
    float total = 0;
    for (int c = 0; c < classes; ++c)
      total += __expf(logits[c] + (job.bias != nullptr ? job.bias[c] : 0.0F) - top);
    const float log_total = top + __logf(total);
    scratch[Members * C + lane] = log_total;
    if (entropy != nullptr && lane < real_members) {
      for (int c = 0; c < classes; ++c) {
        const float log_p = logits[c] + (job.bias != nullptr ? job.bias[c] : 0.0F) - log_total;
        const float p = __expf(log_p);
        *entropy += p == 0 ? 0.0F : -p * log_p;
      }
    }
  }
  __syncwarp();
  if (lane < classes) {
    const float bias = job.bias != nullptr ? job.bias[lane] : 0.0F;
#pragma unroll
    for (int m = 0; m < Members; ++m) {
      if (m < real_members)
        add_to_log_sum(state, scratch[m * C + lane] + bias - scratch[Members * C + m], 1.0F);
    }
  }
  __syncwarp();
}

template <int C>
__device__ void load_weight(const EnsembleHead& job, float* weight, int padded) {
  for (int i = static_cast<int>(threadIdx.x); i < C * padded; i += static_cast<int>(blockDim.x)) {
    const int c = i / padded, j = i % padded;
    weight[i] = c < job.classes && j < job.units ? job.weight[c * job.units + j] : 0.0F;
  }
}

// One variant: a block serves an image, its warps share the members, and each lane draws the noise
// of its own units where it uses it.
template <int C, Activation kind>
__global__ void single_head_kernel(EnsembleHead job, int padded) {
  constexpr int together = 2;

  extern __shared__ float4 shared[];
  float* weight = reinterpret_cast<float*>(shared);  // [C, Jp]
  float* scratch = weight + C * padded;              // [warps, together * (C + 1)]
  const int warps = static_cast<int>(blockDim.x) / kWarp;
  float2* states = reinterpret_cast<float2*>(scratch + warps * together * (C + 1));  // [warps, C]
  const int warp = static_cast<int>(threadIdx.x) / kWarp,
            lane = static_cast<int>(threadIdx.x) % kWarp;
  load_weight<C>(job, weight, padded);
  __syncthreads();
  for (std::int64_t n = blockIdx.x; n < job.rows; n += gridDim.x) {
    const HeadRow<0> row(job, 0, n, lane);  // registers go to more warps instead
    const auto example = static_cast<std::uint32_t>(job.example[n]);
    float2 state = make_float2(-INFINITY, 0.0F);
    float entropy = 0;
    for (std::int64_t k = static_cast<std::int64_t>(warp) * together; k < job.members;
         k += warps * together) {
      float sum[together * C] = {};
      add_logits<C, together, 0, kind>(
          job, row, weight, padded, lane,
          [&](int m, int j) {
            return noise_pack(job.key, example,
                              static_cast<std::uint32_t>(job.first_member + k + m), j);
          },
          sum);
      const int real = k + together <= job.members ? together : static_cast<int>(job.members - k);
      add_members<C, together>(job, sum, real, lane, scratch + warp * together * (C + 1), state,
                               job.member_entropy != nullptr ? &entropy : nullptr);
    }
    if (lane < C) states[warp * C + lane] = state;
    entropy += __shfl_xor_sync(0xffffffffU, entropy, 1);  // of its two places
    if (lane == 0) scratch[warp * together * (C + 1)] = entropy;
    __syncthreads();
    if (threadIdx.x == 0 && job.member_entropy != nullptr) {
      float total = 0;
      for (int w = 0; w < warps; ++w) total += scratch[w * together * (C + 1)];
      job.member_entropy[n] = total / static_cast<float>(job.members);
    }
    if (threadIdx.x < job.classes) {
      float2 total = make_float2(-INFINITY, 0.0F);
      for (int w = 0; w < warps; ++w) {
        const float2 part = states[w * C + static_cast<int>(threadIdx.x)];
        add_to_log_sum(total, part.x, part.y);
      }
      job.log_p[n * job.classes + threadIdx.x] =
          total.x + logf(total.y) - logf(static_cast<float>(job.members));
    }
    __syncthreads();
  }
}

// Several variants: a block serves an image; its noise is drawn once into shared memory, as many
// members as fit, and every warp takes variants.
template <int C, int Steps, Activation kind>
__global__ void __launch_bounds__(kMaxWarps* kWarp, 1)
    shared_noise_kernel(EnsembleHead job, int padded, int chunk) {
  constexpr int together = 4;
  extern __shared__ float4 shared[];
  float* weight = reinterpret_cast<float*>(shared);  // [C, Jp]
  float* eps = weight + C * padded;                  // [chunk, Jp]
  const int warps = static_cast<int>(blockDim.x) / kWarp;
  float* scratch = eps + chunk * padded;  // [warps, together * (C + 1)]
  float2* states = reinterpret_cast<float2*>(scratch + warps * together * (C + 1));  // [G, C]
  const int warp = static_cast<int>(threadIdx.x) / kWarp,
            lane = static_cast<int>(threadIdx.x) % kWarp;
  const int variants = static_cast<int>(job.variants);
  load_weight<C>(job, weight, padded);
  for (std::int64_t n = blockIdx.x; n < job.rows; n += gridDim.x) {
    const auto example = static_cast<std::uint32_t>(job.example[n]);
    for (std::int64_t first = 0; first < job.members; first += chunk) {
      const int members =
          static_cast<int>(min(static_cast<std::int64_t>(chunk), job.members - first));
      __syncthreads();
      const int packs = padded / kPack;
      for (int i = static_cast<int>(threadIdx.x); i < members * packs;
           i += static_cast<int>(blockDim.x)) {
        const auto member = static_cast<std::uint32_t>(job.first_member + first + i / packs);
        reinterpret_cast<float4*>(eps)[i] =
            noise_pack(job.key, example, member, kPack * (i % packs));
      }
      __syncthreads();
      for (int g = warp; g < variants; g += warps) {
        const HeadRow<Steps> row(job, g, n, lane);
        float2 state = make_float2(-INFINITY, 0.0F);
        if (first > 0 && lane < C) state = states[g * C + lane];
        for (int k = 0; k < members; k += together) {
          float sum[together * C] = {};
          add_logits<C, together, Steps, kind>(
              job, row, weight, padded, lane,
              [&](int m, int j) {
                const int member = min(k + m, members - 1);
                return *reinterpret_cast<const float4*>(eps + member * padded + j);
              },
              sum);
          add_members<C, together>(job, sum, min(together, members - k), lane,
                                   scratch + warp * together * (C + 1), state, nullptr);
        }
        if (lane < C) states[g * C + lane] = state;
      }
    }
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.x); i < variants * job.classes;
         i += static_cast<int>(blockDim.x)) {
      const int g = i / static_cast<int>(job.classes), c = i % static_cast<int>(job.classes);
      const float2 state = states[g * C + c];
      job.log_p[(g * job.rows + n) * job.classes + c] =
          state.x + logf(state.y) - logf(static_cast<float>(job.members));
    }
  }
}

template <class Kernel>
unsigned resident_blocks(Kernel kernel, int threads, std::int64_t shared, const EnsembleHead& job) {
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             static_cast<int>(shared)),
        "ensemble_head: shared memory");
  int blocks = 0;
  check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, threads,
                                                      static_cast<std::size_t>(shared)),
        "ensemble_head: occupancy");
  return static_cast<unsigned>(std::min<std::int64_t>(
      job.rows,
      std::int64_t{device_attribute(cudaDevAttrMultiProcessorCount)} * std::max(blocks, 1)));
}

template <int C, int Steps, Activation kind>
void launch(const EnsembleHead& job, int padded, cudaStream_t stream) {
  if (job.variants == 1) {
    // So many warps that their rounds over pairs of members come out even.
    const std::int64_t pairs = (job.members + 1) / 2;
    int warps = 1;
    double best = 0;
    for (int w = 4; w <= 8; ++w) {
      const double busy = static_cast<double>(pairs) / static_cast<double>((pairs + w - 1) / w * w);
      if (busy > best + 1e-9) {
        best = busy;
        warps = w;
      }
    }
    const auto kernel = single_head_kernel<C, kind>;
    const std::int64_t shared = 4 * (C * padded + warps * 2 * (C + 1)) + 8 * warps * C;
    const unsigned blocks = resident_blocks(kernel, warps * kWarp, shared, job);
    kernel<<<blocks, static_cast<unsigned>(warps * kWarp), static_cast<std::size_t>(shared),
             stream>>>(job, padded);
  } else {
    const auto kernel = shared_noise_kernel<C, Steps, kind>;
    const std::int64_t fixed = 4 * (C * padded + kMaxWarps * 4 * (C + 1)) + 8 * job.variants * C;
    const std::int64_t fit =
        (shared_memory() - fixed) / (4 * padded);  // ensemble_head_fits: 1 or more
    const std::int64_t rounds = (job.members + fit - 1) / fit;
    const auto chunk = static_cast<int>((job.members + rounds - 1) / rounds);
    const std::int64_t shared = fixed + 4LL * chunk * padded;
    const unsigned blocks = resident_blocks(kernel, kMaxWarps * kWarp, shared, job);
    kernel<<<blocks, kMaxWarps * kWarp, static_cast<std::size_t>(shared), stream>>>(job, padded,
                                                                                    chunk);
  }
  check_launch("ensemble_head");
}

template <int C, Activation kind>
void launch_steps(const EnsembleHead& job, cudaStream_t stream) {
  constexpr std::int64_t lanes = kPack * kWarp;
  const auto padded = static_cast<int>((job.units + lanes - 1) / lanes * lanes);
  if constexpr (C == 10 && kind != Activation::identity) {
    if (padded == kHeldSteps * lanes) return launch<C, kHeldSteps, kind>(job, padded, stream);
  }
  launch<C, 0, kind>(job, padded, stream);
}

template <int C>
void launch_kind(const EnsembleHead& job, cudaStream_t stream) {
  switch (job.activation) {
    case Activation::relu:
      return launch_steps<C, Activation::relu>(job, stream);
    case Activation::softplus:
      return launch_steps<C, Activation::softplus>(job, stream);
    default:
      return launch_steps<C, Activation::identity>(job, stream);
  }
}

}  // namespace

void ensemble_head(const EnsembleHead& job, void* stream) {
  if (job.rows == 0) return;
  if (job.classes <= 10) {
    launch_kind<10>(job, as_stream(stream));
  } else {
    launch_kind<kMaxClasses>(job, as_stream(stream));
  }
}

}  // namespace varphase::cuda
