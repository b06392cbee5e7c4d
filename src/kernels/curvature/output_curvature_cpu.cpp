// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/curvature/output_curvature.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/kernels/curvature/output_curvature_cpu.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "src/kernels/support/dispatch.hpp"
#include "src/kernels/support/padded_rows.hpp"
#include "src/kernels/support/vectors.hpp"

#ifndef VARPHASE_PADDED_HEAD
#define VARPHASE_PADDED_HEAD
namespace varphase {

constexpr std::int64_t kMaxClasses = 16;

/// A head in padded rows.
struct PaddedHead {
  std::int64_t padded;
  std::vector<float> weight, scale, shift;  // [C, Jp], [Jp], [Jp]

  explicit PaddedHead(const Head<float>& head)
      : padded(rounded_up(head.units, kPadding)),
        weight(padded_rows(head.weight, head.classes, head.units, head.classes, padded)),
        scale(padded_rows(head.scale, 1, head.units, 1, padded)),
        shift(padded_rows(head.shift, 1, head.units, 1, padded)) {}
};

}  // namespace varphase
#endif

HWY_BEFORE_NAMESPACE();
namespace varphase {
namespace HWY_NAMESPACE {

constexpr std::int64_t kClassBlock = 8;  // classes whose sums stay in registers

template <Activation kind>
HWY_INLINE void store_jets(const Head<float>& head, const PaddedHead& rows, const float* b,
                           float* value, float* first, float* second) {
  for (std::int64_t j = 0; j < rows.padded; j += kWidth) {
    const Floats h =
        hn::MulAdd(load(rows.scale.data() + j), load(b + j), load(rows.shift.data() + j));
    const FloatsJet jet = activation_jet_of<kind>(h, head.activation, head.beta);
    store(value + j, jet.value);
    store(first + j, jet.first);
    store(second + j, jet.second);
  }
}

/// phi(h), phi'(h), phi''(h) of one row, and its logits without bias. `value` may be b.
void jets_of_row(const Head<float>& head, const PaddedHead& rows, const float* b, float* value,
                 float* first, float* second, float* logits) {
  with_activation(head.activation, [&]<Activation kind>() HWY_ATTR {
    store_jets<kind>(head, rows, b, value, first, second);
  });
  for (std::int64_t c0 = 0; c0 < head.classes; c0 += kClassBlock) {
    const std::int64_t count = std::min(kClassBlock, head.classes - c0);
    Floats sum[kClassBlock];
    std::fill(sum, sum + kClassBlock, zeros());
    const float* weight[kClassBlock];  // the last class again where there are no more
    for (std::int64_t c = 0; c < kClassBlock; ++c)
      weight[c] = rows.weight.data() + (c0 + std::min(c, count - 1)) * rows.padded;
    for (std::int64_t j = 0; j < rows.padded; j += kWidth) {
      const Floats z = load(value + j);
      for (std::int64_t c = 0; c < kClassBlock; ++c)
        sum[c] = hn::MulAdd(load(weight[c] + j), z, sum[c]);
    }
    for (std::int64_t c = 0; c < count; ++c)
      logits[c0 + c] = hn::GetLane(hn::SumOfLanes(kFloats, sum[c]));
  }
}

void curvature_of_row(const PaddedHead& rows, std::int64_t classes, const float* p,
                      std::int64_t top, std::int64_t label, const float* first, const float* second,
                      float* out) {
  const float* at_top = rows.weight.data() + top * rows.padded;
  const float* at_label = rows.weight.data() + label * rows.padded;
  for (std::int64_t j = 0; j < rows.padded; j += kWidth) {
    const Floats vt = load(at_top + j), vl = load(at_label + j);
    Floats mean = zeros(), square = zeros();
    for (std::int64_t c = 0; c < classes; ++c) {
      const Floats gap = load(rows.weight.data() + c * rows.padded + j) - vt;
      const Floats part = gap * all(p[c]);
      mean = mean + part;
      square = hn::MulAdd(part, gap, square);
    }
    const Floats d1 = load(first + j), d2 = load(second + j), s = load(rows.scale.data() + j);
    const Floats q = hn::NegMulAdd(mean, mean, square);
    // sum_c p_c (V_cj - V_label,j) from the top's centre: the probabilities sum to 1.
    const Floats r = mean + (vt - vl);
    store(out + j, s * s * hn::MulAdd(d2, r, d1 * d1 * hn::IfThenElseZero(q > zeros(), q)));
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace varphase
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace varphase {
namespace {

HWY_EXPORT(jets_of_row);
HWY_EXPORT(curvature_of_row);

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

void output_curvature_rows(const Head<float>& head, const PaddedHead& rows, const float* b,
                           const std::int64_t* labels, std::int64_t begin, std::int64_t end,
                           float* out, float* nll) {
  const auto jets = HWY_DYNAMIC_DISPATCH(jets_of_row);
  const auto curvature = HWY_DYNAMIC_DISPATCH(curvature_of_row);
  const auto units = static_cast<std::size_t>(head.units);
  std::vector<float> row(static_cast<std::size_t>(rows.padded), 0.0F), first(row), second(row);
  float p[kMaxClasses];
  for (std::int64_t n = begin; n < end; ++n) {
    std::copy_n(b + n * head.units, units, row.data());
    jets(head, rows, row.data(), row.data(), first.data(), second.data(), p);
    for (std::int64_t c = 0; head.bias != nullptr && c < head.classes; ++c) p[c] += head.bias[c];
    const Softmax<float> found = softmax(p, head.classes, labels[n]);
    if (nll != nullptr) nll[n] = found.nll;
    curvature(rows, head.classes, p, found.top, labels[n], first.data(), second.data(),
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
#endif  // HWY_ONCE
