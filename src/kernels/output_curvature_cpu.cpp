// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/output_curvature.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "src/kernels/dispatch.hpp"
#include "src/noise/simd.hpp"

namespace varphase {
namespace {

// r and q of one image; vectorized over units.
template <class T>
inline __attribute__((always_inline)) void curvature_of_units(const Head<T>& head, const T* p,
                                                              std::int64_t label, std::int64_t top,
                                                              const T* first, const T* second, T* r,
                                                              T* q, T* mean, T* out) {
  const std::int64_t units = head.units;
  for (std::int64_t j = 0; j < units; ++j) r[j] = q[j] = mean[j] = 0;
  const T* at_label = head.weight + label * units;
  const T* at_top = head.weight + top * units;
  for (std::int64_t c = 0; c < head.classes; ++c) {
    const T* row = head.weight + c * units;
    const T probability = p[c];
    for (std::int64_t j = 0; j < units; ++j) {
      const T t = row[j] - at_top[j];
      r[j] += probability * (row[j] - at_label[j]);
      mean[j] += probability * t;
      q[j] += probability * t * t;
    }
  }
  for (std::int64_t j = 0; j < units; ++j) {
    const T spread = q[j] - mean[j] * mean[j];
    out[j] = head.scale[j] * head.scale[j] *
             (second[j] * r[j] + first[j] * first[j] * (spread > 0 ? spread : T(0)));
  }
}

VARPHASE_SIMD_CLONES void curvature_float(const Head<float>& head, const float* p,
                                          std::int64_t label, std::int64_t top, const float* first,
                                          const float* second, float* work, float* out) {
  const std::int64_t n = head.units;
  curvature_of_units(head, p, label, top, first, second, work, work + n, work + 2 * n, out);
}

VARPHASE_SIMD_CLONES void curvature_double(const Head<double>& head, const double* p,
                                           std::int64_t label, std::int64_t top,
                                           const double* first, const double* second, double* work,
                                           double* out) {
  const std::int64_t n = head.units;
  curvature_of_units(head, p, label, top, first, second, work, work + n, work + 2 * n, out);
}

template <class T>
void output_curvature_rows(const Head<T>& head, const T* b, const std::int64_t* labels,
                           std::int64_t begin, std::int64_t end, T* out, T* nll) {
  const std::int64_t units = head.units;
  std::vector<T> value(static_cast<std::size_t>(units)), first(value), second(value);
  std::vector<T> work(static_cast<std::size_t>(3 * units)),
      p(static_cast<std::size_t>(head.classes));
  for (std::int64_t n = begin; n < end; ++n) {
    for (std::int64_t j = 0; j < units; ++j) {
      const ActivationJet<T> jet = activation_jet(
          head.activation, head.scale[j] * b[n * units + j] + head.shift[j], head.beta);
      value[static_cast<std::size_t>(j)] = jet.value;
      first[static_cast<std::size_t>(j)] = jet.first;
      second[static_cast<std::size_t>(j)] = jet.second;
    }
    for (std::int64_t c = 0; c < head.classes; ++c) {
      T sum = head.bias != nullptr ? head.bias[c] : T(0);
      for (std::int64_t j = 0; j < units; ++j)
        sum += head.weight[c * units + j] * value[static_cast<std::size_t>(j)];
      p[static_cast<std::size_t>(c)] = sum;
    }
    const std::int64_t top = std::max_element(p.begin(), p.end()) - p.begin();
    const T largest = p[static_cast<std::size_t>(top)];
    const T own = p[static_cast<std::size_t>(labels[n])];
    T total = 0;
    for (T& x : p) total += (x = std::exp(x - largest));
    for (T& x : p) x /= total;
    if (nll != nullptr) nll[n] = largest + std::log(total) - own;
    if constexpr (sizeof(T) == sizeof(float)) {
      curvature_float(head, p.data(), labels[n], top, first.data(), second.data(), work.data(),
                      out + n * units);
    } else {
      curvature_double(head, p.data(), labels[n], top, first.data(), second.data(), work.data(),
                       out + n * units);
    }
  }
}

}  // namespace

template <class T>
void output_curvature(const Head<T>& head, const T* b, const std::int64_t* labels,
                      std::int64_t rows, T* out, T* nll, Where where) {
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::output_curvature(head, b, labels, rows, out, nll, where.stream));
    return;
  }
  parallel_for(rows, 16, [&](std::int64_t begin, std::int64_t end) {
    output_curvature_rows(head, b, labels, begin, end, out, nll);
  });
}

template void output_curvature(const Head<float>&, const float*, const std::int64_t*, std::int64_t,
                               float*, float*, Where);
template void output_curvature(const Head<double>&, const double*, const std::int64_t*,
                               std::int64_t, double*, double*, Where);

}  // namespace varphase
