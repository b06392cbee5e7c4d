// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/norm_pool.hpp"

#include "src/kernels/launch.cuh"

namespace varphase::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kSlabSteps = 4;  // times that a slab's threads go on, at least

// Sizes as 32-bit numbers, whose divisions are cheap; the launch checks that they fit.
struct Extents {
  int channels, width, pool, positions, out_height, out_width, outputs;
};

__host__ Extents extents_of(const NormPool& job) {
  const auto narrow = [](std::int64_t value) { return static_cast<int>(value); };
  return {narrow(job.channels),
          narrow(job.width),
          narrow(job.pool),
          narrow(job.height * job.width),
          narrow(job.height / job.pool),
          narrow(job.width / job.pool),
          narrow(job.height / job.pool * (job.width / job.pool))};
}

// Threads of a block stand for (row, channel) with the channel fastest, so that neighbours read
// neighbouring floats; blockIdx.y is the group of 256 channels.
struct Place {
  int channel;  // of the group; may lie beyond it
  int row;      // first row of this thread
  int rows;     // rows that the block takes at once
  int width;    // channels of the group
};

__device__ Place place_of(int channels) {
  const int left = channels - static_cast<int>(blockIdx.y) * kThreads;
  const int width = left < kThreads ? left : kThreads;
  const int rows = kThreads / width;
  const int row = static_cast<int>(threadIdx.x) / width;
  return {static_cast<int>(blockIdx.y) * kThreads + static_cast<int>(threadIdx.x) % width, row,
          rows, width};
}

/// Adds what the threads of one channel hold, in order of their rows, and writes it as the slab's
/// part.
__device__ void write_part(const Place& place, float first, float second, float2* parts,
                           int channels) {
  __shared__ float2 held[kThreads];
  held[threadIdx.x] = make_float2(first, second);
  __syncthreads();
  if (place.row == 0) {
    double a = 0, b = 0;
    for (int r = 0; r < place.rows; ++r) {
      const float2 other = held[r * place.width + static_cast<int>(threadIdx.x)];
      a += static_cast<double>(other.x);
      b += static_cast<double>(other.y);
    }
    parts[static_cast<std::int64_t>(blockIdx.x) * channels + place.channel] =
        make_float2(static_cast<float>(a), static_cast<float>(b));
  }
}

/// Sums of all slabs of a channel, a warp each, always in the same order.
/// @param use  called as use(channel, first, second) by one thread a channel
template <class Use>
__device__ void with_total(const float2* parts, int slabs, int channels, const Use& use) {
  const int c = static_cast<int>(blockIdx.x * (kThreads / 32) + threadIdx.x / 32);
  const int lane = static_cast<int>(threadIdx.x) % 32;
  if (c >= channels) return;
  double a = 0, b = 0;
  for (int s = lane; s < slabs; s += 32) {
    const float2 part = parts[static_cast<std::int64_t>(s) * channels + c];
    a += static_cast<double>(part.x);
    b += static_cast<double>(part.y);
  }
  for (int offset = 16; offset > 0; offset /= 2) {
    a += __shfl_xor_sync(0xffffffffU, a, offset);
    b += __shfl_xor_sync(0xffffffffU, b, offset);
  }
  if (lane == 0) use(c, a, b);
}

__global__ void sum_kernel(const float* x, std::int64_t count, int channels, float2* parts) {
  const Place place = place_of(channels);
  float sum = 0, square = 0;
  if (place.row < place.rows) {
    const float pivot = x[place.channel];
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * place.rows;
    for (std::int64_t r = static_cast<std::int64_t>(blockIdx.x) * place.rows + place.row; r < count;
         r += step) {
      const float value = x[r * channels + place.channel] - pivot;
      sum += value;
      square = fmaf(value, value, square);
    }
  }
  write_part(place, sum, square, parts, channels);
}

/// Batch statistics from the slabs' sums.
__global__ void statistics_kernel(NormPool job, const float2* parts, int slabs) {
  const auto count = static_cast<double>(job.rows * job.height * job.width);
  with_total(parts, slabs, static_cast<int>(job.channels), [&](int c, double sum, double square) {
    const double offset = sum / count;
    const double var = fmax(0.0, square / count - offset * offset);
    const double mean = static_cast<double>(job.x[c]) + offset;
    job.mean[c] = static_cast<float>(mean);
    job.inverse_sd[c] = static_cast<float>(1 / sqrt(var + static_cast<double>(job.eps)));
    if (job.running_mean == nullptr) return;
    const double unbiased = count > 1 ? var * count / (count - 1) : var;
    job.running_mean[c] += job.momentum * (static_cast<float>(mean) - job.running_mean[c]);
    job.running_var[c] += job.momentum * (static_cast<float>(unbiased) - job.running_var[c]);
  });
}

template <Activation kind>
__device__ Activation kind_of(const NormPool& job) {
  return kind == Activation::identity ? job.activation : kind;
}

__device__ float normalized(const NormPool& job, float x, int c) {
  return fmaf(job.weight[c] * job.inverse_sd[c], x - job.mean[c], job.bias[c]);
}

/// Position of an output entry where y (and dy) lie.
__device__ int output_place(const NormPool& job, const Extents& e, int n, int o, int c) {
  return job.channels_first_out ? (n * e.channels + c) * e.outputs + o
                                : (n * e.outputs + o) * e.channels + c;
}

// A thread an output entry, channel fastest.
template <Activation kind>
__global__ void pool_kernel(NormPool job, Extents e) {
  const int id = static_cast<int>(blockIdx.x) * kThreads + static_cast<int>(threadIdx.x);
  if (id >= static_cast<int>(job.rows) * e.outputs * e.channels) return;
  const int c = id % e.channels;
  const int n = id / e.channels / e.outputs;
  const int o = id / e.channels % e.outputs;
  const float* corner =
      job.x +
      (n * e.positions + o / e.out_width * e.pool * e.width + o % e.out_width * e.pool) *
          e.channels +
      c;
  float best = normalized(job, corner[0], c);
  int winner = 0;
  for (int w = 1; w < e.pool * e.pool; ++w) {
    const float h = normalized(job, corner[(w / e.pool * e.width + w % e.pool) * e.channels], c);
    if (h > best || h != h) {  // as autograd's pooling: NaN wins
      best = h;
      winner = w;
    }
  }
  if (job.winner != nullptr) job.winner[id] = static_cast<std::uint8_t>(winner);
  job.y[output_place(job, e, n, o, c)] = activation_jet(kind_of<kind>(job), best, job.beta).value;
}

/// dh at an output entry, and the x that won its window.
template <Activation kind>
__device__ float window_gradient(const NormPool& job, const Extents& e, const float* dy, int n,
                                 int o, int c, float& x) {
  const int winner = e.pool > 1 ? job.winner[(n * e.outputs + o) * e.channels + c] : 0;
  const int row = o / e.out_width * e.pool + winner / e.pool;
  const int column = o % e.out_width * e.pool + winner % e.pool;
  x = job.x[(n * e.positions + row * e.width + column) * e.channels + c];
  const float slope = activation_jet(kind_of<kind>(job), normalized(job, x, c), job.beta).first;
  return dy[output_place(job, e, n, o, c)] * slope;
}

template <Activation kind>
__global__ void sum_gradients_kernel(NormPool job, Extents e, const float* dy, float2* parts) {
  const Place place = place_of(e.channels);
  float sum = 0, product = 0;
  if (place.row < place.rows) {
    const float mean = job.mean[place.channel];
    const int step = static_cast<int>(gridDim.x) * place.rows;
    for (int r = static_cast<int>(blockIdx.x) * place.rows + place.row;
         r < static_cast<int>(job.rows) * e.outputs; r += step) {
      float x;
      const float dh =
          window_gradient<kind>(job, e, dy, r / e.outputs, r % e.outputs, place.channel, x);
      sum += dh;
      product = fmaf(dh, x - mean, product);
    }
  }
  write_part(place, sum, product, parts, e.channels);
}

/// dweight, dbias, and what every dx takes, [3, C] floats: k, slope, offset.
__global__ void gradient_totals_kernel(NormPool job, NormPoolGradient gradient, const float2* parts,
                                       int slabs, float* totals) {
  const auto count = static_cast<double>(job.rows * job.height * job.width);
  const int channels = static_cast<int>(job.channels);
  with_total(parts, slabs, channels, [&](int c, double sum, double product) {
    const auto inverse = static_cast<double>(job.inverse_sd[c]);
    const double k = static_cast<double>(job.weight[c]) * inverse;
    gradient.dbias[c] = static_cast<float>(sum);
    gradient.dweight[c] = static_cast<float>(product * inverse);
    totals[c] = static_cast<float>(k);
    totals[channels + c] = static_cast<float>(-k * inverse * inverse * product / count);
    totals[2 * channels + c] = static_cast<float>(-k * sum / count);
  });
}

// A thread an entry of x, channel fastest.
template <Activation kind>
__global__ void spread_kernel(NormPool job, Extents e, NormPoolGradient gradient,
                              const float* totals) {
  const int id = static_cast<int>(blockIdx.x) * kThreads + static_cast<int>(threadIdx.x);
  if (id >= static_cast<int>(job.rows) * e.positions * e.channels) return;
  const int c = id % e.channels;
  const int n = id / e.channels / e.positions;
  const int p = id / e.channels % e.positions;
  const int row = p / e.width, column = p % e.width;
  const int py = row / e.pool, px = column / e.pool;
  const float own = job.x[id];
  float dx = fmaf(totals[e.channels + c], own - job.mean[c], totals[2 * e.channels + c]);
  if (py < e.out_height && px < e.out_width) {
    const int o = py * e.out_width + px;
    const int place = row % e.pool * e.pool + column % e.pool;
    if (e.pool == 1 || job.winner[(n * e.outputs + o) * e.channels + c] == place) {
      const float slope =
          activation_jet(kind_of<kind>(job), normalized(job, own, c), job.beta).first;
      dx = fmaf(totals[c], gradient.dy[output_place(job, e, n, o, c)] * slope, dx);
    }
  }
  gradient.dx[id] = dx;
}

void check_size(const NormPool& job) {
  if (job.rows * job.height * job.width * job.channels > 2147483647 - kThreads)
    throw std::runtime_error("CUDA: norm_pool: more than 2^31 entries in one batch");
}

dim3 slab_grid(std::int64_t rows, std::int64_t channels) {
  const std::int64_t at_once = channels < kThreads ? kThreads / channels : 1;
  const std::int64_t wanted = (rows + at_once * kSlabSteps - 1) / (at_once * kSlabSteps);
  return {static_cast<unsigned>(wanted < kNormPoolSlabs ? wanted : kNormPoolSlabs),
          blocks_for(channels, kThreads)};
}

template <Activation kind>
void run_forward(const NormPool& job, cudaStream_t stream) {
  auto* parts = reinterpret_cast<float2*>(job.workspace);
  if (job.training) {
    const std::int64_t count = job.rows * job.height * job.width;
    const dim3 grid = slab_grid(count, job.channels);
    sum_kernel<<<grid, kThreads, 0, stream>>>(job.x, count, static_cast<int>(job.channels), parts);
    check_launch("norm_pool: sums");
    statistics_kernel<<<blocks_for(job.channels, kThreads / 32), kThreads, 0, stream>>>(
        job, parts, static_cast<int>(grid.x));
    check_launch("norm_pool: statistics");
  }
  const std::int64_t count =
      job.rows * (job.height / job.pool) * (job.width / job.pool) * job.channels;
  pool_kernel<kind><<<blocks_for(count, kThreads), kThreads, 0, stream>>>(job, extents_of(job));
  check_launch("norm_pool");
}

template <Activation kind>
void run_backward(const NormPool& job, const NormPoolGradient& gradient, cudaStream_t stream) {
  auto* parts = reinterpret_cast<float2*>(job.workspace);
  float* totals = job.workspace + 2 * kNormPoolSlabs * job.channels;
  const std::int64_t outputs = job.rows * (job.height / job.pool) * (job.width / job.pool);
  const dim3 grid = slab_grid(outputs, job.channels);
  sum_gradients_kernel<kind>
      <<<grid, kThreads, 0, stream>>>(job, extents_of(job), gradient.dy, parts);
  check_launch("norm_pool_backward: sums");
  gradient_totals_kernel<<<blocks_for(job.channels, kThreads / 32), kThreads, 0, stream>>>(
      job, gradient, parts, static_cast<int>(grid.x), totals);
  check_launch("norm_pool_backward: totals");
  const std::int64_t count = job.rows * job.height * job.width * job.channels;
  spread_kernel<kind><<<blocks_for(count, kThreads), kThreads, 0, stream>>>(job, extents_of(job),
                                                                            gradient, totals);
  check_launch("norm_pool_backward");
}

}  // namespace

void norm_pool(const NormPool& job, void* stream) {
  if (job.rows == 0) return;
  check_size(job);
  if (job.activation == Activation::relu) {
    run_forward<Activation::relu>(job, as_stream(stream));
  } else {
    run_forward<Activation::identity>(job, as_stream(stream));
  }
}

void norm_pool_backward(const NormPool& job, const NormPoolGradient& gradient, void* stream) {
  if (job.rows == 0) return;
  check_size(job);
  if (job.activation == Activation::relu) {
    run_backward<Activation::relu>(job, gradient, as_stream(stream));
  } else {
    run_backward<Activation::identity>(job, gradient, as_stream(stream));
  }
}

}  // namespace varphase::cuda
