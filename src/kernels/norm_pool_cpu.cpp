// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/norm_pool.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "src/kernels/dispatch.hpp"
#include "src/kernels/lanes.hpp"
#include "src/noise/simd.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kBlock = 8;  // images whose sums are one entry of the float64 total

std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

// Channels in whole vectors: a last, partial one starts earlier and does some channels again. Fewer
// channels than a vector are copied into one.
struct Slots {
  std::int64_t channels;
  std::int64_t count() const { return (channels + kLanes - 1) / kLanes; }
  std::int64_t first(std::int64_t slot) const {
    return std::max<std::int64_t>(0, std::min(slot * kLanes, channels - kLanes));
  }
};

VARPHASE_INLINE void load_some(Lanes& to, const float* from, std::int64_t channels) {
  if (channels >= kLanes) {
    load(to, from);
    return;
  }
  float part[kLanes] = {};
  for (std::int64_t c = 0; c < channels; ++c) part[c] = from[c];
  load(to, part);
}

VARPHASE_INLINE void store_some(float* to, const Lanes& from, std::int64_t channels) {
  if (channels >= kLanes) {
    store(to, from);
    return;
  }
  for (std::int64_t c = 0; c < channels; ++c) to[c] = from[c];
}

using ByteLanes = std::uint8_t __attribute__((vector_size(kLanes), aligned(1)));

VARPHASE_INLINE void load_winner(IntLanes& to, const std::uint8_t* from, std::int64_t channels) {
  ByteLanes bytes = {};
  if (channels >= kLanes) {
    std::memcpy(&bytes, from, sizeof bytes);
  } else {
    for (std::int64_t c = 0; c < channels; ++c) bytes[c] = from[c];
  }
  to = __builtin_convertvector(bytes, IntLanes);
}

VARPHASE_INLINE void store_winner(std::uint8_t* to, const IntLanes& from, std::int64_t channels) {
  const ByteLanes bytes = __builtin_convertvector(from, ByteLanes);
  std::memcpy(to, &bytes, static_cast<std::size_t>(std::min(kLanes, channels)));
}

using Scale = std::vector<float>;  // h = scale (x - mean) + bias

Scale scale_of(const NormPool<float>& job) {
  Scale scale;
  for (std::int64_t c = 0; c < job.channels; ++c)
    scale.push_back(job.weight[c] * job.inverse_sd[c]);
  return scale;
}

/// h of one vector of channels from c0 on.
struct Affine {
  Lanes scale, mean, bias;
};
VARPHASE_INLINE void load_affine(Affine& to, const NormPool<float>& job, const Scale& scale,
                                 std::int64_t c0) {
  load_some(to.scale, scale.data() + c0, job.channels);
  load_some(to.mean, job.mean + c0, job.channels);
  load_some(to.bias, job.bias + c0, job.channels);
}

/// Sums of x - pivot and of its square over images begin .. end - 1, into sums[0..C), sums[C..2C).
VARPHASE_SIMD_CLONES void sum_images(const NormPool<float>& job, const float* pivot,
                                     std::int64_t begin, std::int64_t end, double* sums) {
  const Slots slots{job.channels};
  const std::int64_t positions = job.height * job.width;
  for (std::int64_t slot = 0; slot < slots.count(); ++slot) {
    const std::int64_t c0 = slots.first(slot);
    Lanes origin;
    load_some(origin, pivot + c0, job.channels);
    for (std::int64_t n = begin; n < end; ++n) {
      Lanes sum = {}, square = {};
      const float* x = job.x + n * positions * job.channels + c0;
      for (std::int64_t p = 0; p < positions; ++p) {
        Lanes value;
        load_some(value, x + p * job.channels, job.channels);
        value -= origin;
        sum += value;
        square += value * value;
      }
      for (std::int64_t c = slot * kLanes; c < std::min((slot + 1) * kLanes, job.channels); ++c) {
        sums[c] += static_cast<double>(sum[c - c0]);
        sums[job.channels + c] += static_cast<double>(square[c - c0]);
      }
    }
  }
}

template <Activation kind>
VARPHASE_INLINE void pool_image(const NormPool<float>& job, const Scale& scale, std::int64_t n) {
  const Slots slots{job.channels};
  const std::int64_t out_height = job.height / job.pool, out_width = job.width / job.pool;
  const std::int64_t outputs = out_height * out_width;
  const float* image = job.x + n * job.height * job.width * job.channels;
  for (std::int64_t o = 0; o < outputs; ++o) {
    const std::int64_t py = o / out_width, px = o % out_width;
    const float* corner = image + (py * job.pool * job.width + px * job.pool) * job.channels;
    for (std::int64_t slot = 0; slot < slots.count(); ++slot) {
      const std::int64_t c0 = slots.first(slot);
      Affine affine;
      load_affine(affine, job, scale, c0);
      Lanes best, nan = {};
      IntLanes winner = {};
      for (std::int64_t i = 0; i < job.pool; ++i) {
        for (std::int64_t k = 0; k < job.pool; ++k) {
          Lanes x;
          load_some(x, corner + (i * job.width + k) * job.channels + c0, job.channels);
          const Lanes h = affine.scale * (x - affine.mean) + affine.bias;
          if (i == 0 && k == 0) {
            best = h;
          } else {
            const IntLanes larger = h > best;
            best = larger ? h : best;
            winner = larger ? IntLanes{} + static_cast<std::int32_t>(i * job.pool + k) : winner;
            keep_nan(nan, h);
          }
        }
      }
      give_nan(best, nan);
      activate<kind>(best, job.activation, job.beta);
      if (job.winner != nullptr)
        store_winner(job.winner + (n * outputs + o) * job.channels + c0, winner, job.channels);
      if (job.channels_first_out) {
        float* to = job.y + (n * job.channels + c0) * outputs + o;
        for (std::int64_t c = 0; c < std::min(kLanes, job.channels); ++c) to[c * outputs] = best[c];
      } else {
        store_some(job.y + (n * outputs + o) * job.channels + c0, best, job.channels);
      }
    }
  }
}

// Upstream gradient before the activation, at one output and its channels from c0 on.
template <Activation kind>
VARPHASE_INLINE void window_gradient(const NormPool<float>& job,
                                     const NormPoolGradient<float>& gradient, const Scale& scale,
                                     const float* image, std::int64_t n, std::int64_t o,
                                     std::int64_t c0, IntLanes& winner, Lanes& x, Lanes& dh) {
  const std::int64_t out_width = job.width / job.pool;
  const std::int64_t outputs = job.height / job.pool * out_width;
  const std::int64_t py = o / out_width, px = o % out_width;
  const float* corner = image + (py * job.pool * job.width + px * job.pool) * job.channels + c0;
  load_some(x, corner, job.channels);
  winner = IntLanes{};
  if (job.pool > 1) {
    load_winner(winner, job.winner + (n * outputs + o) * job.channels + c0, job.channels);
    for (std::int64_t w = 1; w < job.pool * job.pool; ++w) {
      Lanes other;
      load_some(other, corner + (w / job.pool * job.width + w % job.pool) * job.channels,
                job.channels);
      x = winner == static_cast<std::int32_t>(w) ? other : x;
    }
  }
  Affine affine;
  load_affine(affine, job, scale, c0);
  Lanes dy = {};
  if (job.channels_first_out) {
    const float* from = gradient.dy + (n * job.channels + c0) * outputs + o;
    for (std::int64_t c = 0; c < std::min(kLanes, job.channels); ++c) dy[c] = from[c * outputs];
  } else {
    load_some(dy, gradient.dy + (n * outputs + o) * job.channels + c0, job.channels);
  }
  LaneJet jet;
  activation_jet_of<kind>(affine.scale * (x - affine.mean) + affine.bias, job.activation, job.beta,
                          jet);
  dh = dy * jet.first;
}

/// Sums of dh and of dh (x - mean), into sums[0..C), sums[C..2C).
template <Activation kind>
VARPHASE_INLINE void sum_gradients(const NormPool<float>& job,
                                   const NormPoolGradient<float>& gradient, const Scale& scale,
                                   std::int64_t begin, std::int64_t end, double* sums) {
  const Slots slots{job.channels};
  const std::int64_t outputs = (job.height / job.pool) * (job.width / job.pool);
  for (std::int64_t slot = 0; slot < slots.count(); ++slot) {
    const std::int64_t c0 = slots.first(slot);
    Lanes mean;
    load_some(mean, job.mean + c0, job.channels);
    for (std::int64_t n = begin; n < end; ++n) {
      const float* image = job.x + n * job.height * job.width * job.channels;
      Lanes sum = {}, product = {};
      for (std::int64_t o = 0; o < outputs; ++o) {
        IntLanes winner;
        Lanes x, dh;
        window_gradient<kind>(job, gradient, scale, image, n, o, c0, winner, x, dh);
        sum += dh;
        product += dh * (x - mean);
      }
      for (std::int64_t c = slot * kLanes; c < std::min((slot + 1) * kLanes, job.channels); ++c) {
        sums[c] += static_cast<double>(sum[c - c0]);
        sums[job.channels + c] += static_cast<double>(product[c - c0]);
      }
    }
  }
}

/// dx = k dh at the winner + a (x - mean) + b everywhere.
struct Spread {
  std::vector<float> k, a, b;  // [C]
};

template <Activation kind>
VARPHASE_INLINE void spread_image(const NormPool<float>& job,
                                  const NormPoolGradient<float>& gradient, const Scale& scale,
                                  const Spread& spread, std::int64_t n) {
  const Slots slots{job.channels};
  const std::int64_t out_height = job.height / job.pool, out_width = job.width / job.pool;
  const std::int64_t size = job.height * job.width * job.channels;
  const float* image = job.x + n * size;
  float* dx = gradient.dx + n * size;
  for (std::int64_t o = 0; o < out_height * out_width; ++o) {
    const std::int64_t corner =
        (o / out_width * job.pool * job.width + o % out_width * job.pool) * job.channels;
    for (std::int64_t slot = 0; slot < slots.count(); ++slot) {
      const std::int64_t c0 = slots.first(slot);
      IntLanes winner;
      Lanes x, dh, k, a, b;
      window_gradient<kind>(job, gradient, scale, image, n, o, c0, winner, x, dh);
      load_some(k, spread.k.data() + c0, job.channels);
      load_some(a, spread.a.data() + c0, job.channels);
      load_some(b, spread.b.data() + c0, job.channels);
      Lanes mean;
      load_some(mean, job.mean + c0, job.channels);
      dh *= k;
      for (std::int64_t w = 0; w < job.pool * job.pool; ++w) {
        const std::int64_t place =
            corner + (w / job.pool * job.width + w % job.pool) * job.channels + c0;
        load_some(x, image + place, job.channels);
        const Lanes base = a * (x - mean) + b;
        store_some(dx + place, winner == static_cast<std::int32_t>(w) ? base + dh : base,
                   job.channels);
      }
    }
  }
  // What no window covers.
  for (std::int64_t y = 0; y < job.height; ++y) {
    const std::int64_t from = y < out_height * job.pool ? out_width * job.pool : 0;
    for (std::int64_t i = (y * job.width + from) * job.channels;
         i < (y + 1) * job.width * job.channels; ++i) {
      const std::size_t c = at(i % job.channels);
      dx[i] = spread.a[c] * (image[i] - job.mean[c]) + spread.b[c];
    }
  }
}

// clang-format off
#define VARPHASE_KINDS(name, kind)                                                               \
  VARPHASE_SIMD_CLONES void pool_##name(const NormPool<float>& job, const Scale& scale,             \
                                        std::int64_t begin, std::int64_t end) {                  \
    for (std::int64_t n = begin; n < end; ++n) pool_image<kind>(job, scale, n);                \
  }                                                                                              \
  VARPHASE_SIMD_CLONES void sum_##name(const NormPool<float>& job, const NormPoolGradient<float>& gradient,    \
                                       const Scale& scale, std::int64_t begin,               \
                                       std::int64_t end, double* sums) {                         \
    sum_gradients<kind>(job, gradient, scale, begin, end, sums);                               \
  }                                                                                              \
  VARPHASE_SIMD_CLONES void spread_##name(const NormPool<float>& job, const NormPoolGradient<float>& gradient, \
                                          const Scale& scale, const Spread& spread,          \
                                          std::int64_t begin, std::int64_t end) {                \
    for (std::int64_t n = begin; n < end; ++n)                                                   \
      spread_image<kind>(job, gradient, scale, spread, n);                                     \
  }
// clang-format on
VARPHASE_KINDS(relu, Activation::relu)
VARPHASE_KINDS(softplus, Activation::softplus)
VARPHASE_KINDS(other, Activation::identity)

template <class Function>
Function by_kind(Activation kind, Function relu, Function softplus, Function other) {
  return kind == Activation::relu ? relu : kind == Activation::softplus ? softplus : other;
}

/// Sums over all images in a fixed order: blocks of images in parallel, then block after block.
template <class Body>
std::vector<double> sums_over_images(const NormPool<float>& job, const Body& body) {
  const std::int64_t blocks = (job.rows + kBlock - 1) / kBlock;
  const std::int64_t width = 2 * job.channels;
  std::vector<double> parts(at(blocks * width), 0.0);
  parallel_for(blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t block = begin; block < end; ++block)
      body(block * kBlock, std::min((block + 1) * kBlock, job.rows), &parts[at(block * width)]);
  });
  std::vector<double> total(at(width), 0.0);
  for (std::int64_t block = 0; block < blocks; ++block) {
    for (std::int64_t i = 0; i < width; ++i) total[at(i)] += parts[at(block * width + i)];
  }
  return total;
}

void batch_statistics(const NormPool<float>& job) {
  const std::vector<float> pivot(job.x, job.x + job.channels);
  const std::vector<double> sums =
      sums_over_images(job, [&](std::int64_t begin, std::int64_t end, double* into) {
        sum_images(job, pivot.data(), begin, end, into);
      });
  const auto count = static_cast<double>(job.rows * job.height * job.width);
  for (std::int64_t c = 0; c < job.channels; ++c) {
    const double offset = sums[at(c)] / count;
    const double var = std::max(0.0, sums[at(job.channels + c)] / count - offset * offset);
    const double mean = static_cast<double>(pivot[at(c)]) + offset;
    job.mean[c] = static_cast<float>(mean);
    job.inverse_sd[c] = static_cast<float>(1 / std::sqrt(var + static_cast<double>(job.eps)));
    if (job.running_mean == nullptr) continue;
    const double unbiased = count > 1 ? var * count / (count - 1) : var;
    job.running_mean[c] += job.momentum * (static_cast<float>(mean) - job.running_mean[c]);
    job.running_var[c] += job.momentum * (static_cast<float>(unbiased) - job.running_var[c]);
  }
}

}  // namespace

std::int64_t norm_pool_workspace(std::int64_t channels) {
  return (2 * kNormPoolSlabs + 3) * channels;
}

template <>
void norm_pool(const NormPool<float>& job, Where where) {
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::norm_pool(job, where.stream));
    return;
  }
  if (job.training) batch_statistics(job);
  const Scale scale = scale_of(job);
  const auto pool = by_kind(job.activation, pool_relu, pool_softplus, pool_other);
  parallel_for(job.rows, 4,
               [&](std::int64_t begin, std::int64_t end) { pool(job, scale, begin, end); });
}

template <>
void norm_pool_backward(const NormPool<float>& job, const NormPoolGradient<float>& gradient,
                        Where where) {
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::norm_pool_backward(job, gradient, where.stream));
    return;
  }
  const Scale scale = scale_of(job);
  const auto sum = by_kind(job.activation, sum_relu, sum_softplus, sum_other);
  const std::vector<double> sums =
      sums_over_images(job, [&](std::int64_t begin, std::int64_t end, double* into) {
        sum(job, gradient, scale, begin, end, into);
      });
  const auto count = static_cast<double>(job.rows * job.height * job.width);
  Spread spread;
  for (std::int64_t c = 0; c < job.channels; ++c) {
    const auto inverse = static_cast<double>(job.inverse_sd[c]);
    const double k = static_cast<double>(job.weight[c]) * inverse;
    const double with_x = sums[at(job.channels + c)];
    gradient.dbias[c] = static_cast<float>(sums[at(c)]);
    gradient.dweight[c] = static_cast<float>(with_x * inverse);
    const double slope = k * inverse * inverse * with_x / count;
    spread.k.push_back(static_cast<float>(k));
    spread.a.push_back(static_cast<float>(-slope));
    spread.b.push_back(static_cast<float>(-k * sums[at(c)] / count));
  }
  const auto run = by_kind(job.activation, spread_relu, spread_softplus, spread_other);
  parallel_for(job.rows, 4, [&](std::int64_t begin, std::int64_t end) {
    run(job, gradient, scale, spread, begin, end);
  });
}

template <>
void norm_pool(const NormPool<Bfloat16>& job, Where where) {
  VARPHASE_CHECK(where.cuda, ErrorKind::unsupported, "norm_pool: bfloat16 is for a GPU");
  VARPHASE_ON_CUDA(cuda::norm_pool(job, where.stream));
}

template <>
void norm_pool_backward(const NormPool<Bfloat16>& job, const NormPoolGradient<Bfloat16>& gradient,
                        Where where) {
  VARPHASE_CHECK(where.cuda, ErrorKind::unsupported, "norm_pool: bfloat16 is for a GPU");
  VARPHASE_ON_CUDA(cuda::norm_pool_backward(job, gradient, where.stream));
}

}  // namespace varphase
