// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/output_curvature.hpp"

#include "src/kernels/launch.cuh"

namespace varphase::cuda {
namespace {

constexpr int kThreads = 128;

template <class T>
__device__ T warp_sum(T x) {
  for (int offset = 16; offset > 0; offset /= 2) x += __shfl_xor_sync(0xffffffffU, x, offset);
  return x;
}

// One block an image: logits, softmax, then r and q unit by unit. The jet is computed twice rather
// than kept.
template <class T>
__global__ void output_curvature_kernel(Head<T> head, const T* b, const std::int64_t* labels,
                                        T* out, T* nll) {
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
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  for (std::int64_t c = warp; c < head.classes; c += kThreads / 32) {
    T sum = 0;
    for (std::int64_t j = lane; j < head.units; j += 32)
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

}  // namespace

template <class T>
void output_curvature(const Head<T>& head, const T* b, const std::int64_t* labels,
                      std::int64_t rows, T* out, T* nll, void* stream) {
  if (rows == 0) return;
  const std::size_t shared = static_cast<std::size_t>(head.classes + head.units) * sizeof(T);
  check(cudaFuncSetAttribute(output_curvature_kernel<T>,
                             cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared)),
        "output_curvature: shared memory");
  output_curvature_kernel<T><<<static_cast<unsigned>(rows), kThreads, shared, as_stream(stream)>>>(
      head, b, labels, out, nll);
  check_launch("output_curvature");
}

template void output_curvature(const Head<float>&, const float*, const std::int64_t*, std::int64_t,
                               float*, float*, void*);
template void output_curvature(const Head<double>&, const double*, const std::int64_t*,
                               std::int64_t, double*, double*, void*);

}  // namespace varphase::cuda
