// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/ensemble_head.hpp"

#include <algorithm>

#include "src/kernels/launch.cuh"
#include "src/noise/normal.hpp"

namespace varphase::cuda {
namespace {

constexpr int kWarps = 8;
constexpr int kClasses = 16;  // limit of ensemble_head_fits

// A block serves one image. Its noise [members of the chunk, Jp] is drawn once into shared memory;
// then each warp takes items (variant, share of the members) and keeps a running log-sum-exp per
// class, class c in lane c.
struct Layout {
  std::int64_t padded;  // Jp: J rounded up to 128, a float4 for each lane
  int chunk;            // members whose noise fits
  int splits;           // items per variant
};

__device__ void merge(float& largest, float& sum, float other_largest, float other_sum) {
  const float top = fmaxf(largest, other_largest);
  if (top == -INFINITY) return;
  sum = sum * expf(largest - top) + other_sum * expf(other_largest - top);
  largest = top;
}

template <int C>
__global__ void __launch_bounds__(kWarps * 32)
    ensemble_head_kernel(EnsembleHead job, Layout layout) {
  extern __shared__ float shared[];
  float* weight = shared;                   // [C, Jp]
  float* eps = weight + C * layout.padded;  // [chunk, Jp]
  float2* state = reinterpret_cast<float2*>(
      eps + layout.chunk * layout.padded);  // [G * splits, C] largest, sum
  const int warp = static_cast<int>(threadIdx.x) / 32;
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int items = static_cast<int>(job.variants) * layout.splits;
  const int padded = static_cast<int>(layout.padded);
  const int units = static_cast<int>(job.units);
  for (int i = static_cast<int>(threadIdx.x); i < C * padded; i += kWarps * 32) {
    const int c = i / padded, j = i % padded;
    weight[i] =
        c < job.classes && j < units ? job.weight[static_cast<std::int64_t>(c) * units + j] : 0.0F;
  }
  for (int i = static_cast<int>(threadIdx.x); i < items * C; i += kWarps * 32)
    state[i] = make_float2(-INFINITY, 0.0F);

  const std::int64_t n = blockIdx.x;
  const auto example = static_cast<std::uint32_t>(job.example[n]);
  for (std::int64_t first = 0; first < job.members; first += layout.chunk) {
    const int members =
        static_cast<int>(min(static_cast<std::int64_t>(layout.chunk), job.members - first));
    __syncthreads();
    const int quads = padded / 4;
    for (int i = static_cast<int>(threadIdx.x); i < members * quads; i += kWarps * 32) {
      const int k = i / quads, quad = i % quads;
      const PhiloxBlock block =
          noise_block(job.key, example, static_cast<std::uint32_t>(job.first_member + first + k),
                      static_cast<std::uint32_t>(quad));
      const NormalPair a = normal_pair(block.x0, block.x1);
      const NormalPair b = normal_pair(block.x2, block.x3);
      reinterpret_cast<float4*>(eps)[k * quads + quad] = make_float4(a.even, a.odd, b.even, b.odd);
    }
    __syncthreads();
    for (int item = warp; item < items; item += kWarps) {
      const std::int64_t g = item / layout.splits;
      const int split = item % layout.splits;
      const float* base = job.base + (g * job.rows + n) * units;
      const float* spread = job.spread + (g / job.share * job.rows + n) * units;
      float2 own = lane < C ? state[item * C + lane] : make_float2(-INFINITY, 0.0F);
      // Two members at a time: one load of V serves both.
      for (int k = 2 * split; k < members; k += 2 * layout.splits) {
        const bool two = k + 1 < members;
        float sum0[C] = {};
        float sum1[C] = {};
        for (int j = 4 * lane; j < padded; j += 128) {
          const float4 e0 = *reinterpret_cast<const float4*>(eps + k * padded + j);
          const float4 e1 = *reinterpret_cast<const float4*>(eps + (two ? k + 1 : k) * padded + j);
          float z0[4] = {e0.x, e0.y, e0.z, e0.w};
          float z1[4] = {e1.x, e1.y, e1.z, e1.w};
#pragma unroll
          for (int i = 0; i < 4; ++i) {
            const bool inside = j + i < units;
            const float a = inside ? base[j + i] : 0.0F;
            const float s = inside ? spread[j + i] : 0.0F;
            z0[i] = activation_jet(job.activation, fmaf(s, z0[i], a), job.beta).value;
            z1[i] = activation_jet(job.activation, fmaf(s, z1[i], a), job.beta).value;
          }
#pragma unroll
          for (int c = 0; c < C; ++c) {
            const float4 v = *reinterpret_cast<const float4*>(weight + c * padded + j);
            sum0[c] =
                fmaf(v.x, z0[0], fmaf(v.y, z0[1], fmaf(v.z, z0[2], fmaf(v.w, z0[3], sum0[c]))));
            sum1[c] =
                fmaf(v.x, z1[0], fmaf(v.y, z1[1], fmaf(v.z, z1[2], fmaf(v.w, z1[3], sum1[c]))));
          }
        }
        float logit0 = -INFINITY, logit1 = -INFINITY;
#pragma unroll
        for (int c = 0; c < C; ++c) {
#pragma unroll
          for (int offset = 16; offset > 0; offset /= 2) {
            sum0[c] += __shfl_xor_sync(0xffffffffU, sum0[c], offset);
            sum1[c] += __shfl_xor_sync(0xffffffffU, sum1[c], offset);
          }
          if (lane == c) {
            logit0 = sum0[c];
            logit1 = sum1[c];
          }
        }
        const bool real = lane < job.classes;
        const float bias = real && job.bias != nullptr ? job.bias[lane] : 0.0F;
        logit0 = real ? logit0 + bias : -INFINITY;
        logit1 = real ? logit1 + bias : -INFINITY;
        float top0 = logit0, top1 = logit1;
#pragma unroll
        for (int offset = 16; offset > 0; offset /= 2) {
          top0 = fmaxf(top0, __shfl_xor_sync(0xffffffffU, top0, offset));
          top1 = fmaxf(top1, __shfl_xor_sync(0xffffffffU, top1, offset));
        }
        float total0 = real ? expf(logit0 - top0) : 0.0F;
        float total1 = real ? expf(logit1 - top1) : 0.0F;
#pragma unroll
        for (int offset = 16; offset > 0; offset /= 2) {
          total0 += __shfl_xor_sync(0xffffffffU, total0, offset);
          total1 += __shfl_xor_sync(0xffffffffU, total1, offset);
        }
        if (real) {
          merge(own.x, own.y, logit0 - top0 - logf(total0), 1.0F);
          if (two) merge(own.x, own.y, logit1 - top1 - logf(total1), 1.0F);
        }
      }
      if (lane < C) state[item * C + lane] = own;
    }
  }
  __syncthreads();
  const float log_members = logf(static_cast<float>(job.members));
  for (int i = static_cast<int>(threadIdx.x); i < job.variants * job.classes; i += kWarps * 32) {
    const int g = i / static_cast<int>(job.classes), c = i % static_cast<int>(job.classes);
    float largest = -INFINITY, sum = 0.0F;
    for (int split = 0; split < layout.splits; ++split) {
      const float2 part = state[(g * layout.splits + split) * C + c];
      merge(largest, sum, part.x, part.y);
    }
    job.log_p[(static_cast<std::int64_t>(g) * job.rows + n) * job.classes + c] =
        largest + logf(sum) - log_members;
  }
}

template <int C>
void launch(const EnsembleHead& job, void* stream) {
  int device = 0, limit = 0;
  check(cudaGetDevice(&device), "ensemble_head: device");
  check(cudaDeviceGetAttribute(&limit, cudaDevAttrMaxSharedMemoryPerBlockOptin, device),
        "ensemble_head: shared memory");
  Layout layout{};
  layout.padded = (job.units + 127) / 128 * 128;
  layout.splits =
      job.variants >= kWarps ? 1 : static_cast<int>((kWarps + job.variants - 1) / job.variants);
  const std::int64_t fixed = C * layout.padded * 4 + job.variants * layout.splits * C * 8;
  // Two blocks a multiprocessor where the noise of all members allows it.
  const std::int64_t room = std::max<std::int64_t>(
      limit / 2 - 2048 - fixed, std::min<std::int64_t>(limit - 1024 - fixed, 8 * layout.padded));
  layout.chunk = static_cast<int>(std::min<std::int64_t>(job.members, room / (layout.padded * 4)));
  if (layout.chunk < 1)
    throw std::runtime_error("ensemble_head: the head is too large for shared memory");
  if (layout.chunk < job.members) layout.chunk = std::max(1, layout.chunk / 2 * 2);
  const std::int64_t shared = fixed + layout.chunk * layout.padded * 4;
  check(cudaFuncSetAttribute(ensemble_head_kernel<C>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             static_cast<int>(shared)),
        "ensemble_head: shared memory");
  ensemble_head_kernel<C><<<static_cast<unsigned>(job.rows), kWarps * 32,
                            static_cast<std::size_t>(shared), as_stream(stream)>>>(job, layout);
  check_launch("ensemble_head");
}

}  // namespace

void ensemble_head(const EnsembleHead& job, void* stream) {
  if (job.rows == 0) return;
  if (job.classes <= 10) {
    launch<10>(job, stream);
  } else {
    launch<kClasses>(job, stream);
  }
}

}  // namespace varphase::cuda
