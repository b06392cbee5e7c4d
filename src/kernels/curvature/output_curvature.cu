// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/curvature/output_curvature.hpp"

#include "src/kernels/support/launch.cuh"

namespace varphase::cuda {
namespace {

constexpr int kThreads = 128;
constexpr int kWarp = 32;
constexpr int kPack = 4;  // units that a lane takes at once
constexpr int kMaxClasses = 16;
constexpr std::int64_t kSharedLimit = 100 << 10;  // two blocks a multiprocessor

template <class T>
__device__ T warp_sum(T x) {
  for (int offset = kWarp / 2; offset > 0; offset /= 2)
    x += __shfl_xor_sync(0xffffffffU, x, offset);
  return x;
}

// In float32 the hardware's exp2 and log2 serve: errors of 3e-7, far below those of the sums. Exact
// functions otherwise. `kind` is softplus, or identity for any other, given as `other`: without a
// choice inside, the units of a lane go through side by side.
template <Activation kind, class T>
__device__ ActivationJet<T> jet_of(Activation other, T h, T beta) {
  if constexpr (kind == Activation::softplus && sizeof(T) == sizeof(float)) {
    const float x = beta * h;
    const float e = __expf(-fabsf(x));
    const float large = __fdividef(1.0F, 1.0F + e);
    const float small = e * large;
    return {(fmaxf(x, 0.0F) + __logf(1.0F + e)) * __fdividef(1.0F, beta), x < 0 ? small : large,
            beta * small * large};
  }
  return activation_jet(kind == Activation::softplus ? kind : other, h, beta);
}

template <class T>
struct alignas(sizeof(T) * kPack) Pack {
  T at[kPack];
};

/// A head in shared memory, padded with zeros to whole packs for every lane.
template <class T, int C>
struct SharedHead {
  T* weight;  // [C, padded]
  T* scale;   // [padded]
  T* shift;   // [padded]
  int padded, units, classes;

  __device__ SharedHead(const Head<T>& head, int padded_units, unsigned char* raw)
      : weight(reinterpret_cast<T*>(raw)),
        scale(weight + C * padded_units),
        shift(scale + padded_units),
        padded(padded_units),
        units(static_cast<int>(head.units)),
        classes(static_cast<int>(head.classes)) {
    for (int i = static_cast<int>(threadIdx.x); i < C * padded; i += kThreads) {
      const int c = i / padded, j = i % padded;
      weight[i] =
          c < classes && j < units ? head.weight[static_cast<std::int64_t>(c) * units + j] : T(0);
    }
    for (int j = static_cast<int>(threadIdx.x); j < padded; j += kThreads) {
      scale[j] = j < units ? head.scale[j] : T(0);
      shift[j] = j < units ? head.shift[j] : T(0);
    }
    __syncthreads();
  }

  /// Units j .. j + kPack - 1 of a row [units]; what lies behind its end is 0, and is not written.
  __device__ __forceinline__ Pack<T> load(const T* row, int j) const {
    const T* from = row + j;
    Pack<T> pack;
    if (j + kPack <= units && units % kPack == 0) {
      pack = *reinterpret_cast<const Pack<T>*>(from);
    } else {
#pragma unroll
      for (int i = 0; i < kPack; ++i) pack.at[i] = j + i < units ? from[i] : T(0);
    }
    return pack;
  }
  __device__ __forceinline__ void store(const Pack<T>& pack, T* row, int j) const {
    T* to = row + j;
    if (j + kPack <= units && units % kPack == 0) {
      *reinterpret_cast<Pack<T>*>(to) = pack;
    } else {
#pragma unroll
      for (int i = 0; i < kPack; ++i) {
        if (j + i < units) to[i] = pack.at[i];
      }
    }
  }
};

template <class T>
__device__ __forceinline__ const Pack<T>& pack_at(const T* data) {
  return *reinterpret_cast<const Pack<T>*>(data);
}

/// A lane's share of the logits of `Rows` images: p[r][c] += sum_j V_cj phi(s_j b_nj + t_j).
template <class T, int C, int Rows, Activation kind>
__device__ __forceinline__ void add_logits(const Head<T>& head, const SharedHead<T, C>& own,
                                           const T* b, const std::int64_t (&n)[Rows], int lane,
                                           T (&p)[Rows][C]) {
  for (int j = kPack * lane; j < own.padded; j += kPack * kWarp) {
    const Pack<T> s = pack_at(own.scale + j);
    const Pack<T> t = pack_at(own.shift + j);
    T z[Rows][kPack];
#pragma unroll
    for (int r = 0; r < Rows; ++r) {
      const Pack<T> x = own.load(b + n[r] * own.units, j);
#pragma unroll
      for (int i = 0; i < kPack; ++i)
        z[r][i] = jet_of<kind>(head.activation, s.at[i] * x.at[i] + t.at[i], head.beta).value;
    }
#pragma unroll
    for (int c = 0; c < C; ++c) {
      const Pack<T> v = pack_at(own.weight + c * own.padded + j);
#pragma unroll
      for (int r = 0; r < Rows; ++r) {
#pragma unroll
        for (int i = 0; i < kPack; ++i) p[r][c] += v.at[i] * z[r][i];
      }
    }
  }
}

/// Makes probabilities of the logits of image n, of which each lane has a share.
/// @return the class of the largest logit
template <class T, int C>
__device__ __forceinline__ int softmax(const Head<T>& head, int classes, int label, int lane,
                                       T (&p)[C], T* nll, std::int64_t n) {
  int top = 0;
  T largest = 0, own = 0;
#pragma unroll
  for (int c = 0; c < C; ++c) {
    T logit = warp_sum(p[c]);
    if (head.bias != nullptr && c < classes) logit += head.bias[c];
    p[c] = logit;
    if (c == 0 || (c < classes && logit > largest)) {
      largest = logit;
      top = c;
    }
    if (c == label) own = logit;
  }
  T total = 0;
#pragma unroll
  for (int c = 0; c < C; ++c) {
    p[c] = c < classes ? exp(p[c] - largest) : T(0);
    total += p[c];
  }
#pragma unroll
  for (int c = 0; c < C; ++c) p[c] /= total;
  if (nll != nullptr && lane == 0) nll[n] = largest + log(total) - own;
  return top;
}

/// Writes the curvature of `Rows` images from their probabilities.
/// @param at_top, at_label  the rows of V of each image's most probable class and of its label
template <class T, int C, int Rows, Activation kind>
__device__ __forceinline__ void write_curvature(const Head<T>& head, const SharedHead<T, C>& own,
                                                const T* b, const std::int64_t (&n)[Rows], int lane,
                                                const T (&p)[Rows][C], const T* (&at_top)[Rows],
                                                const T* (&at_label)[Rows], T* out) {
  for (int j = kPack * lane; j < own.padded; j += kPack * kWarp) {
    const Pack<T> s = pack_at(own.scale + j);
    const Pack<T> t = pack_at(own.shift + j);
    T mean[Rows][kPack] = {};    // sum_c p_c (V_cj - V_top,j)
    T square[Rows][kPack] = {};  // sum_c p_c (V_cj - V_top,j)^2
    Pack<T> top[Rows];
#pragma unroll
    for (int r = 0; r < Rows; ++r) top[r] = pack_at(at_top[r] + j);
#pragma unroll
    for (int c = 0; c < C; ++c) {
      const Pack<T> v = pack_at(own.weight + c * own.padded + j);
#pragma unroll
      for (int r = 0; r < Rows; ++r) {
#pragma unroll
        for (int i = 0; i < kPack; ++i) {
          const T gap = v.at[i] - top[r].at[i];
          const T part = p[r][c] * gap;
          mean[r][i] += part;
          square[r][i] += part * gap;
        }
      }
    }
#pragma unroll
    for (int r = 0; r < Rows; ++r) {
      const Pack<T> x = own.load(b + n[r] * own.units, j);
      const Pack<T> of_label = pack_at(at_label[r] + j);
      Pack<T> result;
#pragma unroll
      for (int i = 0; i < kPack; ++i) {
        const ActivationJet<T> jet =
            jet_of<kind>(head.activation, s.at[i] * x.at[i] + t.at[i], head.beta);
        // sum_c p_c (V_cj - V_label,j): the probabilities sum to 1.
        const T slope = mean[r][i] + (top[r].at[i] - of_label.at[i]);
        const T spread = square[r][i] - mean[r][i] * mean[r][i];
        result.at[i] = s.at[i] * s.at[i] *
                       (jet.second * slope + jet.first * jet.first * (spread > 0 ? spread : T(0)));
      }
      own.store(result, out + n[r] * own.units, j);
    }
  }
}

// A warp takes `Rows` images at a time, so that each load of V serves all of them. Softmax is computed by all lanes alike.
template <class T, int C, int Rows, Activation kind>
__global__ void __launch_bounds__(kThreads)
    curvature_of_warps(Head<T> head, const T* b, const std::int64_t* labels, std::int64_t rows,
                       int padded, T* out, T* nll) {
  extern __shared__ unsigned char raw[];
  const SharedHead<T, C> own(head, padded, raw);
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const std::int64_t warp =
      static_cast<std::int64_t>(blockIdx.x) * (kThreads / kWarp) + threadIdx.x / kWarp;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * (kThreads / kWarp) * Rows;
  for (std::int64_t first = warp * Rows; first < rows; first += step) {
    std::int64_t n[Rows];
#pragma unroll
    for (int r = 0; r < Rows; ++r) n[r] = min(first + r, rows - 1);  // a surplus row is done twice
    T p[Rows][C] = {};
    add_logits<T, C, Rows, kind>(head, own, b, n, lane, p);
    const T* at_top[Rows];
    const T* at_label[Rows];
#pragma unroll
    for (int r = 0; r < Rows; ++r) {
      const int label = static_cast<int>(labels[n[r]]);
      at_top[r] = own.weight + softmax(head, own.classes, label, lane, p[r], nll, n[r]) * padded;
      at_label[r] = own.weight + label * padded;
    }
    write_curvature<T, C, Rows, kind>(head, own, b, n, lane, p, at_top, at_label, out);
  }
}

// Any size: one block an image, V read where it lies, the jet computed twice rather than kept.
template <class T>
__global__ void curvature_of_blocks(Head<T> head, const T* b, const std::int64_t* labels, T* out,
                                    T* nll) {
  extern __shared__ unsigned char raw[];
  T* p = reinterpret_cast<T*>(raw);  // [C] logits, then probabilities
  T* values = p + head.classes;      // [J] phi(h)
  __shared__ int top;
  const std::int64_t n = blockIdx.x;
  const T* row = b + n * head.units;
  for (std::int64_t j = threadIdx.x; j < head.units; j += kThreads) {
    values[j] =
        activation_jet(head.activation, head.scale[j] * row[j] + head.shift[j], head.beta).value;
  }
  __syncthreads();
  const int warp = threadIdx.x / kWarp;
  const int lane = threadIdx.x % kWarp;
  for (std::int64_t c = warp; c < head.classes; c += kThreads / kWarp) {
    T sum = 0;
    for (std::int64_t j = lane; j < head.units; j += kWarp)
      sum += head.weight[c * head.units + j] * values[j];
    sum = warp_sum(sum);
    if (lane == 0) p[c] = sum + (head.bias != nullptr ? head.bias[c] : T(0));
  }
  __syncthreads();
  const std::int64_t label = labels[n];
  if (threadIdx.x == 0) {
    int best = 0;
    for (int c = 1; c < head.classes; ++c) {
      if (p[c] > p[best]) best = c;
    }
    const T largest = p[best];
    const T own = p[label];
    T total = 0;
    for (int c = 0; c < head.classes; ++c) total += (p[c] = exp(p[c] - largest));
    for (int c = 0; c < head.classes; ++c) p[c] /= total;
    if (nll != nullptr) nll[n] = largest + log(total) - own;
    top = best;
  }
  __syncthreads();
  for (std::int64_t j = threadIdx.x; j < head.units; j += kThreads) {
    const ActivationJet<T> jet =
        activation_jet(head.activation, head.scale[j] * row[j] + head.shift[j], head.beta);
    const T at_top = head.weight[top * head.units + j];
    const T at_label = head.weight[label * head.units + j];
    T r = 0, mean = 0, square = 0;
    for (int c = 0; c < head.classes; ++c) {
      const T v = head.weight[c * head.units + j];
      const T t = v - at_top;
      r += p[c] * (v - at_label);
      mean += p[c] * t;
      square += p[c] * t * t;
    }
    const T spread = square - mean * mean;
    out[n * head.units + j] =
        head.scale[j] * head.scale[j] *
        (jet.second * r + jet.first * jet.first * (spread > 0 ? spread : T(0)));
  }
}

void allow_shared(const void* kernel, std::int64_t bytes) {
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             static_cast<int>(bytes)),
        "output_curvature: shared memory");
}

template <class T, int C, Activation kind>
void launch_warps(const Head<T>& head, const T* b, const std::int64_t* labels, std::int64_t rows,
                  std::int64_t padded, T* out, T* nll, void* stream) {
  constexpr int together = sizeof(T) == sizeof(float) ? 2 : 1;
  const auto kernel = curvature_of_warps<T, C, together, kind>;
  const std::int64_t shared = (C + 2) * padded * static_cast<std::int64_t>(sizeof(T));
  allow_shared(reinterpret_cast<const void*>(kernel), shared);
  int blocks = 0;
  check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, kThreads,
                                                      static_cast<std::size_t>(shared)),
        "output_curvature: occupancy");
  const std::int64_t fill =
      std::int64_t{device_attribute(cudaDevAttrMultiProcessorCount)} * (blocks > 0 ? blocks : 1);
  const std::int64_t needed =
      (rows + kThreads / kWarp * together - 1) / (kThreads / kWarp * together);
  kernel<<<static_cast<unsigned>(needed < fill ? needed : fill), kThreads,
           static_cast<std::size_t>(shared), as_stream(stream)>>>(
      head, b, labels, rows, static_cast<int>(padded), out, nll);
}

}  // namespace

template <class T>
void output_curvature(const Head<T>& head, const T* b, const std::int64_t* labels,
                      std::int64_t rows, T* out, T* nll, void* stream) {
  if (rows == 0) return;
  constexpr std::int64_t lanes = kPack * kWarp;
  const std::int64_t padded = (head.units + lanes - 1) / lanes * lanes;
  const std::int64_t classes = head.classes <= 10 ? 10 : kMaxClasses;
  if (head.classes <= kMaxClasses &&
      (classes + 2) * padded * static_cast<std::int64_t>(sizeof(T)) <= kSharedLimit) {
    const auto launch = head.activation == Activation::softplus
                            ? (classes == 10 ? launch_warps<T, 10, Activation::softplus>
                                             : launch_warps<T, kMaxClasses, Activation::softplus>)
                            : (classes == 10 ? launch_warps<T, 10, Activation::identity>
                                             : launch_warps<T, kMaxClasses, Activation::identity>);
    launch(head, b, labels, rows, padded, out, nll, stream);
  } else {
    const std::int64_t shared = (head.classes + head.units) * static_cast<std::int64_t>(sizeof(T));
    allow_shared(reinterpret_cast<const void*>(curvature_of_blocks<T>), shared);
    curvature_of_blocks<T>
        <<<static_cast<unsigned>(rows), kThreads, static_cast<std::size_t>(shared),
           as_stream(stream)>>>(head, b, labels, out, nll);
  }
  check_launch("output_curvature");
}

template void output_curvature(const Head<float>&, const float*, const std::int64_t*, std::int64_t,
                               float*, float*, void*);
template void output_curvature(const Head<double>&, const double*, const std::int64_t*,
                               std::int64_t, double*, double*, void*);

}  // namespace varphase::cuda
