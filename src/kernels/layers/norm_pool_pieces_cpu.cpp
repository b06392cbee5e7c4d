// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/layers/norm_pool_pieces.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/kernels/layers/norm_pool_pieces_cpu.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "src/kernels/support/dispatch.hpp"
#include "src/kernels/support/vectors.hpp"

HWY_BEFORE_NAMESPACE();
namespace varphase {
namespace HWY_NAMESPACE {

using norm_pool_pieces::Scale;
using norm_pool_pieces::Spread;

// Channels in whole vectors: a last, partial one starts earlier and does some channels again. Fewer
// channels than a vector are copied into one.
struct Slots {
  std::int64_t channels;
  std::int64_t count() const { return (channels + kWidth - 1) / kWidth; }
  std::int64_t first(std::int64_t slot) const {
    return std::max<std::int64_t>(0, std::min(slot * kWidth, channels - kWidth));
  }
};

using ByteTag = hn::Rebind<std::uint8_t, IntTag>;

/// Places in windows, 0 behind the channels.
HWY_INLINE Ints load_winner(const std::uint8_t* from, std::int64_t channels) {
  std::uint8_t part[kWidth] = {};
  std::memcpy(part, from, static_cast<std::size_t>(std::min(kWidth, channels)));
  return hn::PromoteTo(kInts, hn::LoadU(ByteTag(), part));
}

HWY_INLINE void store_winner(std::uint8_t* to, Ints from, std::int64_t channels) {
  std::uint8_t part[kWidth];
  hn::StoreU(hn::DemoteTo(ByteTag(), from), ByteTag(), part);
  std::memcpy(to, part, static_cast<std::size_t>(std::min(kWidth, channels)));
}

/// h of one vector of channels from c0 on.
struct Affine {
  Floats scale, mean, bias;
  HWY_INLINE Floats operator()(Floats x) const { return hn::MulAdd(scale, x - mean, bias); }
};
HWY_INLINE Affine load_affine(const NormPool<float>& job, const Scale& scale, std::int64_t c0) {
  return {load_part(scale.data() + c0, job.channels), load_part(job.mean + c0, job.channels),
          load_part(job.bias + c0, job.channels)};
}

/// Two vectors of a slot onto float64 sums of their channels, sums[0..C) and sums[C..2C).
HWY_INLINE void add_to_sums(std::int64_t channels, std::int64_t slot, Floats first, Floats second,
                            double* sums) {
  HWY_ALIGN float parts[2][kWidth];
  hn::Store(first, kFloats, parts[0]);
  hn::Store(second, kFloats, parts[1]);
  const std::int64_t c0 = Slots{channels}.first(slot);
  for (std::int64_t c = slot * kWidth; c < std::min((slot + 1) * kWidth, channels); ++c) {
    sums[c] += static_cast<double>(parts[0][c - c0]);
    sums[channels + c] += static_cast<double>(parts[1][c - c0]);
  }
}

/// Sums of x - pivot and of its square over images begin .. end - 1, into sums[0..C), sums[C..2C).
void sum_images(const NormPool<float>& job, const float* pivot, std::int64_t begin,
                std::int64_t end, double* sums) {
  const Slots slots{job.channels};
  const std::int64_t positions = job.height * job.width;
  for (std::int64_t slot = 0; slot < slots.count(); ++slot) {
    const std::int64_t c0 = slots.first(slot);
    const Floats origin = load_part(pivot + c0, job.channels);
    for (std::int64_t n = begin; n < end; ++n) {
      Floats sum = zeros(), square = zeros();
      const float* x = job.x + n * positions * job.channels + c0;
      for (std::int64_t p = 0; p < positions; ++p) {
        const Floats value = load_part(x + p * job.channels, job.channels) - origin;
        sum = sum + value;
        square = hn::MulAdd(value, value, square);
      }
      add_to_sums(job.channels, slot, sum, square, sums);
    }
  }
}

template <Activation kind>
HWY_INLINE void pool_image(const NormPool<float>& job, const Scale& scale, std::int64_t n) {
  const Slots slots{job.channels};
  const std::int64_t out_height = job.height / job.pool, out_width = job.width / job.pool;
  const std::int64_t outputs = out_height * out_width;
  const float* image = job.x + n * job.height * job.width * job.channels;
  for (std::int64_t o = 0; o < outputs; ++o) {
    const std::int64_t py = o / out_width, px = o % out_width;
    const float* corner = image + (py * job.pool * job.width + px * job.pool) * job.channels;
    for (std::int64_t slot = 0; slot < slots.count(); ++slot) {
      const std::int64_t c0 = slots.first(slot);
      const Affine affine = load_affine(job, scale, c0);
      Floats best = zeros(), nan = zeros();
      Ints winner = hn::Zero(kInts);
      for (std::int64_t i = 0; i < job.pool; ++i) {
        for (std::int64_t k = 0; k < job.pool; ++k) {
          const Floats h =
              affine(load_part(corner + (i * job.width + k) * job.channels + c0, job.channels));
          if (i == 0 && k == 0) {
            best = h;
          } else {
            const auto larger = h > best;
            best = hn::IfThenElse(larger, h, best);
            const Ints place = hn::Set(kInts, static_cast<std::int32_t>(i * job.pool + k));
            winner = hn::IfThenElse(hn::RebindMask(kInts, larger), place, winner);
            keep_nan(nan, h);
          }
        }
      }
      best = activate<kind>(with_nan(best, nan), job.activation, job.beta);
      if (job.winner != nullptr)
        store_winner(job.winner + (n * outputs + o) * job.channels + c0, winner, job.channels);
      if (job.channels_first_out) {
        float* to = job.y + (n * job.channels + c0) * outputs + o;
        HWY_ALIGN float values[kWidth];
        hn::Store(best, kFloats, values);
        for (std::int64_t c = 0; c < std::min(kWidth, job.channels); ++c)
          to[c * outputs] = values[c];
      } else {
        store_part(job.y + (n * outputs + o) * job.channels + c0, best, job.channels);
      }
    }
  }
}

HWY_INLINE hn::Mask<FloatTag> is_place(Ints winner, std::int64_t place) {
  return hn::RebindMask(kFloats, winner == hn::Set(kInts, static_cast<std::int32_t>(place)));
}

// Upstream gradient before the activation, at one output and its channels from c0 on.
template <Activation kind>
HWY_INLINE void window_gradient(const NormPool<float>& job, const NormPoolGradient<float>& gradient,
                                const Scale& scale, const float* image, std::int64_t n,
                                std::int64_t o, std::int64_t c0, Ints& winner, Floats& x,
                                Floats& dh) {
  const std::int64_t out_width = job.width / job.pool;
  const std::int64_t outputs = job.height / job.pool * out_width;
  const std::int64_t py = o / out_width, px = o % out_width;
  const float* corner = image + (py * job.pool * job.width + px * job.pool) * job.channels + c0;
  x = load_part(corner, job.channels);
  winner = hn::Zero(kInts);
  if (job.pool > 1) {
    winner = load_winner(job.winner + (n * outputs + o) * job.channels + c0, job.channels);
    for (std::int64_t w = 1; w < job.pool * job.pool; ++w) {
      const Floats other = load_part(
          corner + (w / job.pool * job.width + w % job.pool) * job.channels, job.channels);
      x = hn::IfThenElse(is_place(winner, w), other, x);
    }
  }
  Floats dy;
  if (job.channels_first_out) {
    const float* from = gradient.dy + (n * job.channels + c0) * outputs + o;
    HWY_ALIGN float values[kWidth] = {};
    for (std::int64_t c = 0; c < std::min(kWidth, job.channels); ++c) values[c] = from[c * outputs];
    dy = hn::Load(kFloats, values);
  } else {
    dy = load_part(gradient.dy + (n * outputs + o) * job.channels + c0, job.channels);
  }
  const Floats h = load_affine(job, scale, c0)(x);
  dh = dy * activation_jet_of<kind>(h, job.activation, job.beta).first;
}

/// Sums of dh and of dh (x - mean), into sums[0..C), sums[C..2C).
template <Activation kind>
HWY_INLINE void sum_gradients(const NormPool<float>& job, const NormPoolGradient<float>& gradient,
                              const Scale& scale, std::int64_t begin, std::int64_t end,
                              double* sums) {
  const Slots slots{job.channels};
  const std::int64_t outputs = (job.height / job.pool) * (job.width / job.pool);
  for (std::int64_t slot = 0; slot < slots.count(); ++slot) {
    const std::int64_t c0 = slots.first(slot);
    const Floats mean = load_part(job.mean + c0, job.channels);
    for (std::int64_t n = begin; n < end; ++n) {
      const float* image = job.x + n * job.height * job.width * job.channels;
      Floats sum = zeros(), product = zeros();
      for (std::int64_t o = 0; o < outputs; ++o) {
        Ints winner;
        Floats x, dh;
        window_gradient<kind>(job, gradient, scale, image, n, o, c0, winner, x, dh);
        sum = sum + dh;
        product = hn::MulAdd(dh, x - mean, product);
      }
      add_to_sums(job.channels, slot, sum, product, sums);
    }
  }
}

template <Activation kind>
HWY_INLINE void spread_image(const NormPool<float>& job, const NormPoolGradient<float>& gradient,
                             const Scale& scale, const Spread& spread, std::int64_t n) {
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
      Ints winner;
      Floats x, dh;
      window_gradient<kind>(job, gradient, scale, image, n, o, c0, winner, x, dh);
      const Floats a = load_part(spread.a.data() + c0, job.channels),
                   b = load_part(spread.b.data() + c0, job.channels),
                   mean = load_part(job.mean + c0, job.channels);
      dh = dh * load_part(spread.k.data() + c0, job.channels);
      for (std::int64_t w = 0; w < job.pool * job.pool; ++w) {
        const std::int64_t place =
            corner + (w / job.pool * job.width + w % job.pool) * job.channels + c0;
        const Floats base = hn::MulAdd(a, load_part(image + place, job.channels) - mean, b);
        store_part(dx + place, hn::IfThenElse(is_place(winner, w), base + dh, base), job.channels);
      }
    }
  }
  // What no window covers.
  for (std::int64_t y = 0; y < job.height; ++y) {
    const std::int64_t from = y < out_height * job.pool ? out_width * job.pool : 0;
    for (std::int64_t i = (y * job.width + from) * job.channels;
         i < (y + 1) * job.width * job.channels; ++i) {
      const auto c = static_cast<std::size_t>(i % job.channels);
      dx[i] = spread.a[c] * (image[i] - job.mean[c]) + spread.b[c];
    }
  }
}

void pool_images(const NormPool<float>& job, const Scale& scale, std::int64_t begin,
                 std::int64_t end) {
  with_activation(job.activation, [&]<Activation kind>() HWY_ATTR {
    for (std::int64_t n = begin; n < end; ++n) pool_image<kind>(job, scale, n);
  });
}

void sum_images_gradients(const NormPool<float>& job, const NormPoolGradient<float>& gradient,
                          const Scale& scale, std::int64_t begin, std::int64_t end, double* sums) {
  with_activation(job.activation, [&]<Activation kind>() HWY_ATTR {
    sum_gradients<kind>(job, gradient, scale, begin, end, sums);
  });
}

void spread_images(const NormPool<float>& job, const NormPoolGradient<float>& gradient,
                   const Scale& scale, const Spread& spread, std::int64_t begin, std::int64_t end) {
  with_activation(job.activation, [&]<Activation kind>() HWY_ATTR {
    for (std::int64_t n = begin; n < end; ++n) spread_image<kind>(job, gradient, scale, spread, n);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace varphase
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace varphase {

HWY_EXPORT(sum_images);
HWY_EXPORT(pool_images);
HWY_EXPORT(sum_images_gradients);
HWY_EXPORT(spread_images);

namespace norm_pool_pieces {

void sum_values(const NormPool<float>& job, const float* pivot, std::int64_t begin,
                std::int64_t end, double* sums) {
  HWY_DYNAMIC_DISPATCH(sum_images)(job, pivot, begin, end, sums);
}

void pool(const NormPool<float>& job, const Scale& scale, std::int64_t begin, std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(pool_images)(job, scale, begin, end);
}

void sum_gradients(const NormPool<float>& job, const NormPoolGradient<float>& gradient,
                   const Scale& scale, std::int64_t begin, std::int64_t end, double* sums) {
  HWY_DYNAMIC_DISPATCH(sum_images_gradients)(job, gradient, scale, begin, end, sums);
}

void spread(const NormPool<float>& job, const NormPoolGradient<float>& gradient, const Scale& scale,
            const Spread& spread, std::int64_t begin, std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(spread_images)(job, gradient, scale, spread, begin, end);
}

}  // namespace norm_pool_pieces
}  // namespace varphase
#endif  // HWY_ONCE
