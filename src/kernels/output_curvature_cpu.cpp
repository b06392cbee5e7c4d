// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/output_curvature.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "src/kernels/dispatch.hpp"
#include "src/kernels/lanes.hpp"
#include "src/noise/simd.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kMaxClasses = 16;

/// Softmax of C logits in place, and what it was made of.
template <class T>
struct Softmax {
  std::int64_t top = 0;
  T nll = 0;  // of the label
};
template <class T>
Softmax<T> softmax(T* logits, std::int64_t classes, std::int64_t label) {
  Softmax<T> result;
  result.top = std::max_element(logits, logits + classes) - logits;
  const T largest = logits[result.top];
  const T own = logits[label];
  T total = 0;
  for (std::int64_t c = 0; c < classes; ++c) total += (logits[c] = std::exp(logits[c] - largest));
  for (std::int64_t c = 0; c < classes; ++c) logits[c] /= total;
  result.nll = largest + std::log(total) - own;
  return result;
}

// The readable form: any element type, any number of classes.
template <class T>
void output_curvature_rows(const Head<T>& head, const T* b, const std::int64_t* labels,
                           std::int64_t begin, std::int64_t end, T* out, T* nll) {
  const std::int64_t units = head.units;
  const std::int64_t classes = head.classes;
  std::vector<ActivationJet<T>> jets(static_cast<std::size_t>(units));
  std::vector<T> p(static_cast<std::size_t>(classes));
  for (std::int64_t n = begin; n < end; ++n) {
    std::fill(p.begin(), p.end(), T(0));
    for (std::int64_t j = 0; j < units; ++j) {
      const ActivationJet<T> jet = activation_jet(
          head.activation, head.scale[j] * b[n * units + j] + head.shift[j], head.beta);
      jets[static_cast<std::size_t>(j)] = jet;
      for (std::int64_t c = 0; c < classes; ++c)
        p[static_cast<std::size_t>(c)] += head.weight[c * units + j] * jet.value;
    }
    for (std::int64_t c = 0; head.bias != nullptr && c < classes; ++c)
      p[static_cast<std::size_t>(c)] += head.bias[c];
    const Softmax<T> found = softmax(p.data(), classes, labels[n]);
    if (nll != nullptr) nll[n] = found.nll;
    for (std::int64_t j = 0; j < units; ++j) {
      const T at_top = head.weight[found.top * units + j];
      const T at_label = head.weight[labels[n] * units + j];
      T r = 0, mean = 0, square = 0;
      for (std::int64_t c = 0; c < classes; ++c) {
        const T v = head.weight[c * units + j];
        const T probability = p[static_cast<std::size_t>(c)];
        const T gap = v - at_top;
        r += probability * (v - at_label);
        mean += probability * gap;
        square += probability * gap * gap;
      }
      const T q = square - mean * mean;
      const ActivationJet<T>& jet = jets[static_cast<std::size_t>(j)];
      out[n * units + j] = head.scale[j] * head.scale[j] *
                           (jet.second * r + jet.first * jet.first * (q > 0 ? q : T(0)));
    }
  }
}

// A head in padded rows, so that every vector is whole; what is added is zero.
struct PaddedHead {
  std::int64_t padded;
  std::vector<float> weight, scale, shift;  // [C, Jp], [Jp], [Jp]

  explicit PaddedHead(const Head<float>& head)
      : padded((head.units + kLanes - 1) / kLanes * kLanes),
        weight(static_cast<std::size_t>(head.classes * padded), 0.0F),
        scale(static_cast<std::size_t>(padded), 0.0F),
        shift(scale) {
    for (std::int64_t c = 0; c < head.classes; ++c)
      std::copy_n(head.weight + c * head.units, head.units,
                  &weight[static_cast<std::size_t>(c * padded)]);
    std::copy_n(head.scale, head.units, scale.data());
    std::copy_n(head.shift, head.units, shift.data());
  }
};

/// phi(h), phi'(h), phi''(h) of one row, and its logits without bias.
template <Activation kind>
VARPHASE_INLINE void jets_of_row(const Head<float>& head, const PaddedHead& rows, const float* b,
                                 float* first, float* second, float* logits) {
  Lanes sum[kMaxClasses] = {};
  for (std::int64_t j = 0; j < rows.padded; j += kLanes) {
    Lanes x, s, t;
    load(x, b + j);
    load(s, rows.scale.data() + j);
    load(t, rows.shift.data() + j);
    LaneJet jet;
    activation_jet_of<kind>(s * x + t, head.activation, head.beta, jet);
    store(first + j, jet.first);
    store(second + j, jet.second);
    for (std::int64_t c = 0; c < head.classes; ++c) {
      Lanes v;
      load(v, rows.weight.data() + c * rows.padded + j);
      sum[c] += v * jet.value;
    }
  }
  for (std::int64_t c = 0; c < head.classes; ++c) {
    float total = 0;
    for (std::int64_t i = 0; i < kLanes; ++i) total += sum[c][i];
    logits[c] = total;
  }
}

#define VARPHASE_JETS(name, kind)                                                                 \
  VARPHASE_SIMD_CLONES void name(const Head<float>& head, const PaddedHead& rows, const float* b, \
                                 float* first, float* second, float* logits) {                    \
    jets_of_row<kind>(head, rows, b, first, second, logits);                                      \
  }
VARPHASE_JETS(jets_relu, Activation::relu)
VARPHASE_JETS(jets_softplus, Activation::softplus)
VARPHASE_JETS(jets_other, Activation::identity)

VARPHASE_SIMD_CLONES void curvature_of_row(const PaddedHead& rows, std::int64_t classes,
                                           const float* p, std::int64_t top, std::int64_t label,
                                           const float* first, const float* second, float* out) {
  const float* at_top = rows.weight.data() + top * rows.padded;
  const float* at_label = rows.weight.data() + label * rows.padded;
  for (std::int64_t j = 0; j < rows.padded; j += kLanes) {
    Lanes vt, vl, mean = {}, square = {}, d1, d2, s;
    load(vt, at_top + j);
    load(vl, at_label + j);
    for (std::int64_t c = 0; c < classes; ++c) {
      Lanes v;
      load(v, rows.weight.data() + c * rows.padded + j);
      const Lanes gap = v - vt;
      const Lanes part = gap * p[c];
      mean += part;
      square += part * gap;
    }
    load(d1, first + j);
    load(d2, second + j);
    load(s, rows.scale.data() + j);
    const Lanes q = square - mean * mean;
    // sum_c p_c (V_cj - V_label,j) from the top's centre: the probabilities sum to 1.
    const Lanes r = mean + (vt - vl);
    store(out + j, s * s * (d2 * r + d1 * d1 * (q > Lanes{} ? q : Lanes{})));
  }
}

void output_curvature_rows(const Head<float>& head, const PaddedHead& rows, const float* b,
                           const std::int64_t* labels, std::int64_t begin, std::int64_t end,
                           float* out, float* nll) {
  const auto jets = head.activation == Activation::relu       ? jets_relu
                    : head.activation == Activation::softplus ? jets_softplus
                                                              : jets_other;
  const auto units = static_cast<std::size_t>(head.units);
  std::vector<float> row(static_cast<std::size_t>(rows.padded), 0.0F), first(row), second(row);
  float p[kMaxClasses];
  for (std::int64_t n = begin; n < end; ++n) {
    std::copy_n(b + n * head.units, units, row.data());
    jets(head, rows, row.data(), first.data(), second.data(), p);
    for (std::int64_t c = 0; head.bias != nullptr && c < head.classes; ++c) p[c] += head.bias[c];
    const Softmax<float> found = softmax(p, head.classes, labels[n]);
    if (nll != nullptr) nll[n] = found.nll;
    curvature_of_row(rows, head.classes, p, found.top, labels[n], first.data(), second.data(),
                     first.data());
    std::copy_n(first.data(), units, out + n * head.units);
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
  if constexpr (sizeof(T) == sizeof(float)) {
    if (head.classes <= kMaxClasses) {
      const PaddedHead padded(head);
      parallel_for(rows, 16, [&](std::int64_t begin, std::int64_t end) {
        output_curvature_rows(head, padded, b, labels, begin, end, out, nll);
      });
      return;
    }
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
