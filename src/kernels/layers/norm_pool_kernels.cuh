// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/kernels/layers/channel_sums.cuh"
#include "src/kernels/layers/norm_pool.hpp"
#include "src/kernels/support/launch.cuh"
#include "src/kernels/support/rank_lines.cuh"

// The kernels of norm_pool.cu.
namespace varphase::cuda {
namespace {

// Sizes as 32-bit numbers, whose divisions are cheap; the launch checks that they fit.
struct Extents {
  int channels, width, pool, positions, out_height, out_width, outputs;
};

template <class T>
__host__ Extents extents_of(const NormPool<T>& job) {
  const auto narrow = [](std::int64_t value) { return static_cast<int>(value); };
  return {narrow(job.channels),
          narrow(job.width),
          narrow(job.pool),
          narrow(job.height * job.width),
          narrow(job.height / job.pool),
          narrow(job.width / job.pool),
          narrow(job.height / job.pool * (job.width / job.pool))};
}

template <int lanes, class T>
__global__ void sum_kernel(const T* x, std::int64_t count, int channels, float2* parts) {
  const Place place = place_of<lanes>(channels);
  Sums<lanes> sums;
  if (place.row < place.rows) {
    float pivot[lanes];
#pragma unroll
    for (int i = 0; i < lanes; ++i) pivot[i] = widened(x[place.channel + i]);
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * place.rows;
#pragma unroll 4
    for (std::int64_t r = static_cast<std::int64_t>(blockIdx.x) * place.rows + place.row; r < count;
         r += step) {
      const Pack<T, lanes> values = pack_at<lanes>(x + r * channels + place.channel);
#pragma unroll
      for (int i = 0; i < lanes; ++i) {
        const float value = widened(values.at[i]) - pivot[i];
        sums.first[i] += value;
        sums.second[i] = fmaf(value, value, sums.second[i]);
      }
    }
  }
  write_part(place, sums, parts, channels);
}

template <class T>
__device__ void set_statistics(const NormPool<T>& job, int c, double mean, double var,
                               double count) {
  job.mean[c] = static_cast<float>(mean);
  job.inverse_sd[c] = static_cast<float>(1 / sqrt(var + static_cast<double>(job.eps)));
  if (job.running_mean == nullptr) return;
  const double unbiased = count > 1 ? var * count / (count - 1) : var;
  job.running_mean[c] += job.momentum * (static_cast<float>(mean) - job.running_mean[c]);
  job.running_var[c] += job.momentum * (static_cast<float>(unbiased) - job.running_var[c]);
}

/// Batch statistics from the slabs' sums.
template <class T>
__global__ void statistics_kernel(NormPool<T> job, const float2* parts, int slabs) {
  const auto count = static_cast<double>(job.rows * job.height * job.width);
  with_total(parts, slabs, static_cast<int>(job.channels), [&](int c, double sum, double square) {
    const double offset = sum / count;
    const double var = fmax(0.0, square / count - offset * offset);
    const double mean = static_cast<double>(widened(job.x[c])) + offset;
    set_statistics(job, c, mean, var, count);
  });
}

/// Sums about 0 of what was summed about a pivot.
struct SumsAboutZero {
  double sum, square;
  __device__ SumsAboutZero(double about, double square_about, double pivot, double count)
      : sum(about + count * pivot), square(square_about + pivot * (2 * about + count * pivot)) {}
};

/// This batch's sums about 0, for others to be added to: [2 C + 1].
template <class T>
__global__ void own_sums_kernel(NormPool<T> job, const float2* parts, int slabs, double* sums) {
  const auto count = static_cast<double>(job.rows * job.height * job.width);
  const int channels = static_cast<int>(job.channels);
  with_total(parts, slabs, channels, [&](int c, double sum, double square) {
    const SumsAboutZero own(sum, square, static_cast<double>(widened(job.x[c])), count);
    sums[c] = own.sum;
    sums[channels + c] = own.square;
    if (c == 0) sums[2 * channels] = count;
  });
}

template <class T>
__device__ void set_statistics_of_sums(const NormPool<T>& job, int c, double sum, double square,
                                       double count) {
  const double mean = sum / count;
  set_statistics(job, c, mean, fmax(0.0, square / count - mean * mean), count);
}

/// own_sums_kernel, the sum over the ranks and statistics_of_sums_kernel in one.
template <class T>
__global__ void statistics_over_ranks_kernel(NormPool<T> job, RankLines ranks, const float2* parts,
                                             int slabs) {
  const auto count = static_cast<double>(job.rows * job.height * job.width);
  if (channel_of_warp() >= job.channels) return;
  const std::uint32_t call = next_call(ranks, channel_of_warp());
  const auto shift = static_cast<double>(widened(job.x[channel_of_warp()]));
  with_total_in_warp(parts, slabs, static_cast<int>(job.channels),
                     [&](int c, double sum, double square, int lane) {
                       const SumsAboutZero own(sum, square, shift, count);
                       double values[] = {own.sum, own.square, count};
                       sum_over_ranks(ranks, c, call, values);
                       if (lane == 0)
                         set_statistics_of_sums(job, c, values[0], values[1], values[2]);
                     });
}

/// Statistics of all batches, a thread a channel.
template <class T>
__global__ void statistics_of_sums_kernel(NormPool<T> job) {
  const int channels = static_cast<int>(job.channels);
  const int c = static_cast<int>(blockIdx.x) * kThreads + static_cast<int>(threadIdx.x);
  if (c >= channels) return;
  set_statistics_of_sums(job, c, job.sums[c], job.sums[channels + c], job.sums[2 * channels]);
}

template <Activation kind, class T>
__device__ Activation kind_of(const NormPool<T>& job) {
  return kind == Activation::identity ? job.activation : kind;
}

/// h = scale (x - mean) + bias of the channels from `channel` on.
template <int lanes>
struct Affine {
  float scale[lanes], mean[lanes], bias[lanes];
  template <class T>
  __device__ Affine(const NormPool<T>& job, int channel) {
#pragma unroll
    for (int i = 0; i < lanes; ++i) {
      scale[i] = job.weight[channel + i] * job.inverse_sd[channel + i];
      mean[i] = job.mean[channel + i];
      bias[i] = job.bias[channel + i];
    }
  }
  __device__ float operator()(float x, int i) const { return fmaf(scale[i], x - mean[i], bias[i]); }
};

/// Position of an output entry where y (and dy) lie; more than one lane lies channels-last.
template <int lanes, class T>
__device__ int output_place(const NormPool<T>& job, const Extents& e, int n, int o, int c) {
  return lanes == 1 && job.channels_first_out ? (n * e.channels + c) * e.outputs + o
                                              : (n * e.outputs + o) * e.channels + c;
}

/// Where the window of output o begins in the image.
__device__ int corner_of(const Extents& e, int o) {
  return e.pool == 1 ? o : o / e.out_width * e.pool * e.width + o % e.out_width * e.pool;
}

// A thread an output entry (its lanes of channels), channel fastest.
template <Activation kind, int lanes, class T>
__global__ void pool_kernel(NormPool<T> job, Extents e) {
  const int id = static_cast<int>(blockIdx.x) * kThreads + static_cast<int>(threadIdx.x);
  const int groups = e.channels / lanes;
  if (id >= static_cast<int>(job.rows) * e.outputs * groups) return;
  const int c = id % groups * lanes;
  const int n = id / groups / e.outputs;
  const int o = id / groups % e.outputs;
  const Affine<lanes> affine(job, c);
  const T* corner = job.x + (n * e.positions + corner_of(e, o)) * e.channels + c;
  float best[lanes];
  Pack<std::uint8_t, lanes> winner;
  {
    const Pack<T, lanes> x = pack_at<lanes>(corner);
#pragma unroll
    for (int i = 0; i < lanes; ++i) {
      best[i] = affine(widened(x.at[i]), i);
      winner.at[i] = 0;
    }
  }
  for (int w = 1; w < e.pool * e.pool; ++w) {
    const Pack<T, lanes> x =
        pack_at<lanes>(corner + (w / e.pool * e.width + w % e.pool) * e.channels);
#pragma unroll
    for (int i = 0; i < lanes; ++i) {
      const float h = affine(widened(x.at[i]), i);
      if (h > best[i] || h != h) {  // as autograd's pooling: NaN wins
        best[i] = h;
        winner.at[i] = static_cast<std::uint8_t>(w);
      }
    }
  }
  if (job.winner != nullptr) pack_at<lanes>(job.winner + id * lanes) = winner;
  Pack<T, lanes> y;
#pragma unroll
  for (int i = 0; i < lanes; ++i)
    y.at[i] = narrowed<T>(activation_jet(kind_of<kind>(job), best[i], job.beta).value);
  pack_at<lanes>(job.y + output_place<lanes>(job, e, n, o, c)) = y;
}

/// dh at an output entry, and the x that won its window.
template <Activation kind, int lanes, class T>
__device__ void window_gradient(const NormPool<T>& job, const Extents& e,
                                const Affine<lanes>& affine, const T* dy, int n, int o, int c,
                                float* x, float* dh) {
  const T* corner = job.x + (n * e.positions + corner_of(e, o)) * e.channels + c;
  if (e.pool == 1) {
    const Pack<T, lanes> own = pack_at<lanes>(corner);
#pragma unroll
    for (int i = 0; i < lanes; ++i) x[i] = widened(own.at[i]);
  } else {
    const Pack<std::uint8_t, lanes> winner =
        pack_at<lanes>(job.winner + (n * e.outputs + o) * e.channels + c);
#pragma unroll
    for (int i = 0; i < lanes; ++i) {
      const int w = winner.at[i];
      x[i] = widened(corner[(w / e.pool * e.width + w % e.pool) * e.channels + i]);
    }
  }
  const Pack<T, lanes> upstream = pack_at<lanes>(dy + output_place<lanes>(job, e, n, o, c));
#pragma unroll
  for (int i = 0; i < lanes; ++i)
    dh[i] = widened(upstream.at[i]) *
            activation_jet(kind_of<kind>(job), affine(x[i], i), job.beta).first;
}

template <Activation kind, int lanes, class T>
__global__ void sum_gradients_kernel(NormPool<T> job, Extents e, const T* dy, float2* parts) {
  const Place place = place_of<lanes>(e.channels);
  Sums<lanes> sums;
  if (place.row < place.rows) {
    const Affine<lanes> affine(job, place.channel);
    const int step = static_cast<int>(gridDim.x) * place.rows;
#pragma unroll 4
    for (int r = static_cast<int>(blockIdx.x) * place.rows + place.row;
         r < static_cast<int>(job.rows) * e.outputs; r += step) {
      float x[lanes], dh[lanes];
      window_gradient<kind, lanes>(job, e, affine, dy, r / e.outputs, r % e.outputs, place.channel,
                                   x, dh);
#pragma unroll
      for (int i = 0; i < lanes; ++i) {
        sums.first[i] += dh[i];
        sums.second[i] = fmaf(dh[i], x[i] - affine.mean[i], sums.second[i]);
      }
    }
  }
  write_part(place, sums, parts, e.channels);
}

/// What every dx of a channel takes, [3, C] floats: k, slope, offset. From sums of dh and dh (x - mean).
template <class T>
__device__ void set_totals(const NormPool<T>& job, int c, double sum, double product, double count,
                           float* totals) {
  const int channels = static_cast<int>(job.channels);
  const auto inverse = static_cast<double>(job.inverse_sd[c]);
  const double k = static_cast<double>(job.weight[c]) * inverse;
  totals[c] = static_cast<float>(k);
  totals[channels + c] = static_cast<float>(-k * inverse * inverse * product / count);
  totals[2 * channels + c] = static_cast<float>(-k * sum / count);
}

/// This batch's dweight and dbias.
template <class T>
__device__ void set_parameter_gradients(const NormPool<T>& job, const NormPoolGradient<T>& gradient,
                                        int c, double sum, double product) {
  gradient.dbias[c] = static_cast<float>(sum);
  gradient.dweight[c] = static_cast<float>(product * static_cast<double>(job.inverse_sd[c]));
}

template <class T>
__global__ void gradient_totals_kernel(NormPool<T> job, NormPoolGradient<T> gradient,
                                       const float2* parts, int slabs, float* totals) {
  const auto count = static_cast<double>(job.rows * job.height * job.width);
  with_total(parts, slabs, static_cast<int>(job.channels), [&](int c, double sum, double product) {
    set_parameter_gradients(job, gradient, c, sum, product);
    set_totals(job, c, sum, product, count, totals);
  });
}

/// The same with dx of the sums of all ranks.
template <class T>
__global__ void totals_over_ranks_kernel(NormPool<T> job, NormPoolGradient<T> gradient,
                                         RankLines ranks, const float2* parts, int slabs,
                                         float* totals) {
  const auto count = static_cast<double>(job.rows * job.height * job.width);
  if (channel_of_warp() >= job.channels) return;
  const std::uint32_t call = next_call(ranks, channel_of_warp());
  with_total_in_warp(parts, slabs, static_cast<int>(job.channels),
                     [&](int c, double sum, double product, int lane) {
                       double values[] = {sum, product, count};
                       sum_over_ranks(ranks, c, call, values);
                       if (lane != 0) return;
                       set_totals(job, c, values[0], values[1], values[2], totals);
                       set_parameter_gradients(job, gradient, c, sum, product);
                     });
}

/// This batch's sums of dh and dh (x - mean), [2 C], with its dweight and dbias.
template <class T>
__global__ void own_gradient_sums_kernel(NormPool<T> job, NormPoolGradient<T> gradient,
                                         const float2* parts, int slabs, double* sums) {
  const int channels = static_cast<int>(job.channels);
  with_total(parts, slabs, channels, [&](int c, double sum, double product) {
    sums[c] = sum;
    sums[channels + c] = product;
    set_parameter_gradients(job, gradient, c, sum, product);
  });
}

/// gradient_totals_kernel with the sums of all batches, a thread a channel.
template <class T>
__global__ void totals_of_sums_kernel(NormPool<T> job, NormPoolGradient<T> gradient,
                                      float* totals) {
  const int channels = static_cast<int>(job.channels);
  const int c = static_cast<int>(blockIdx.x) * kThreads + static_cast<int>(threadIdx.x);
  if (c >= channels) return;
  set_totals(job, c, gradient.sums[c], gradient.sums[channels + c], job.sums[2 * channels], totals);
}

/// The same where the statistics are given: only k.
template <class T>
__global__ void given_totals_kernel(NormPool<T> job, float* totals) {
  const int channels = static_cast<int>(job.channels);
  const int c = static_cast<int>(blockIdx.x) * kThreads + static_cast<int>(threadIdx.x);
  if (c >= channels) return;
  totals[c] = job.weight[c] * job.inverse_sd[c];
  totals[channels + c] = 0;
  totals[2 * channels + c] = 0;
}

// A thread an entry of x (its lanes of channels), channel fastest.
template <Activation kind, int lanes, class T>
__global__ void spread_kernel(NormPool<T> job, Extents e, NormPoolGradient<T> gradient,
                              const float* totals) {
  const int id = static_cast<int>(blockIdx.x) * kThreads + static_cast<int>(threadIdx.x);
  const int groups = e.channels / lanes;
  if (id >= static_cast<int>(job.rows) * e.positions * groups) return;
  const int c = id % groups * lanes;
  const int n = id / groups / e.positions;
  const int p = id / groups % e.positions;
  const Affine<lanes> affine(job, c);
  const Pack<T, lanes> x = pack_at<lanes>(job.x + id * lanes);
  float dx[lanes];
#pragma unroll
  for (int i = 0; i < lanes; ++i)
    dx[i] = fmaf(totals[e.channels + c + i], widened(x.at[i]) - affine.mean[i],
                 totals[2 * e.channels + c + i]);
  const int row = p / e.width, column = p % e.width;
  const int py = row / e.pool, px = column / e.pool;
  if (py < e.out_height && px < e.out_width) {
    const int o = py * e.out_width + px;
    const int place = row % e.pool * e.pool + column % e.pool;
    const Pack<T, lanes> dy = pack_at<lanes>(gradient.dy + output_place<lanes>(job, e, n, o, c));
    Pack<std::uint8_t, lanes> winner;
    if (e.pool > 1) winner = pack_at<lanes>(job.winner + (n * e.outputs + o) * e.channels + c);
#pragma unroll
    for (int i = 0; i < lanes; ++i) {
      if (e.pool > 1 && winner.at[i] != place) continue;
      const float h = affine(widened(x.at[i]), i);
      const float slope = activation_jet(kind_of<kind>(job), h, job.beta).first;
      dx[i] = fmaf(totals[c + i], widened(dy.at[i]) * slope, dx[i]);
    }
  }
  Pack<T, lanes> out;
#pragma unroll
  for (int i = 0; i < lanes; ++i) out.at[i] = narrowed<T>(dx[i]);
  pack_at<lanes>(gradient.dx + id * lanes) = out;
}

}  // namespace
}  // namespace varphase::cuda
