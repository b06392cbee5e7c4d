// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/layers/conv_pool.hpp"

#include <algorithm>

#include "src/kernels/support/launch.cuh"

namespace varphase::cuda {
namespace {

constexpr int kWarp = 32;
constexpr int kMaxWarps = 16;
constexpr int kMaxImages = 16;

// A block keeps all weights in shared memory and takes a few images at a time. A warp's task is 32
// windows (2 x 2 outputs each) and one group of `Group` output channels, so that its lanes read the
// same weights at once; a lane holds the window's outputs of the whole group in registers.
struct ConvTask {
  int groups;     // of output channels
  int images;     // of a block at a time
  int out_width;  // windows in a row
  int windows;    // of an image
  int chunks;     // of 32 windows, of all the block's images
};

template <int Group>
constexpr int kPaddedGroup = (Group + 3) / 4 * 4;  // weights are read four at a time

/// weight = [C, K * K, groups, padded] out of job.weight [out, C, K * K], zero where there is no output channel.
template <int K, int Group>
__device__ __forceinline__ void load_weights(const ConvPool& job, int groups, float* weight) {
  constexpr int padded = kPaddedGroup<Group>;
  const int taps = static_cast<int>(job.channels) * K * K;
  const int threads = static_cast<int>(blockDim.x);
  for (int i = static_cast<int>(threadIdx.x); i < taps * groups * padded; i += threads) {
    const int lane = i % padded, o = i / padded % groups * Group + lane;
    weight[i] =
        lane < Group && o < job.out_channels ? job.weight[o * taps + i / padded / groups] : 0.0F;
  }
}

/// Writes the maximum of a window's four sums, through the activation, for a group of output channels.
template <int Group, Activation kind>
__device__ __forceinline__ void write_windows(const ConvPool& job, const float (&sum)[4][Group],
                                              int group, std::int64_t image, int windows,
                                              int window) {
  float* to = job.y + (image * job.out_channels + group * Group) * windows + window;
#pragma unroll
  for (int o = 0; o < Group; ++o) {
    if (group * Group + o >= job.out_channels) break;
    const float best = larger_of(larger_of(sum[0][o], sum[1][o]), larger_of(sum[2][o], sum[3][o]));
    to[o * windows] = activation_jet(kind == Activation::identity ? job.activation : kind,
                                     best + job.bias[group * Group + o], job.beta)
                          .value;
  }
}

template <int K, int Group, Activation kind>
__global__ void __launch_bounds__(kMaxWarps* kWarp, 1)
    conv_pool_kernel(ConvPool job, ConvTask task) {
  constexpr int padded = kPaddedGroup<Group>;
  constexpr int side = K + 1;  // of the patch that a window reads
  extern __shared__ float4 shared[];
  float* weight = reinterpret_cast<float*>(shared);  // [C, K * K, groups, padded]
  const int channels = static_cast<int>(job.channels);
  const int taps = channels * K * K;
  float* pixels = weight + taps * task.groups * padded;  // [images, C, H, W]
  const int width = static_cast<int>(job.width);
  const int plane = static_cast<int>(job.height) * width;
  const int image_size = channels * plane;
  const int threads = static_cast<int>(blockDim.x);

  load_weights<K, Group>(job, task.groups, weight);
  const int warps = threads / kWarp;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  for (std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * task.images; first < job.rows;
       first += static_cast<std::int64_t>(gridDim.x) * task.images) {
    const int here =
        static_cast<int>(min(static_cast<std::int64_t>(task.images), job.rows - first));
    __syncthreads();
    const float* from = job.x + first * image_size;
    for (int i = static_cast<int>(threadIdx.x); i < here * image_size; i += threads)
      pixels[i] = from[i];
    __syncthreads();
    for (int t = static_cast<int>(threadIdx.x) / kWarp; t < task.chunks * task.groups; t += warps) {
      const int group = t % task.groups;
      const int q = t / task.groups * kWarp + lane;
      const int image = q / task.windows;
      const int window = q % task.windows;
      const bool real = image < here;
      const float* corner = pixels + (real ? image : 0) * image_size +
                            window / task.out_width * 2 * width + window % task.out_width * 2;
      float sum[4][Group] = {};
      for (int c = 0; c < channels; ++c) {
        float patch[side][side];
#pragma unroll
        for (int u = 0; u < side; ++u) {
#pragma unroll
          for (int v = 0; v < side; v += 2) {
            const float* at = corner + c * plane + u * width + v;
            if (width % 2 == 0) {  // the same for all: a window starts at an even place
              const float2 two = *reinterpret_cast<const float2*>(at);
              patch[u][v] = two.x;
              patch[u][v + 1] = two.y;
            } else {
              patch[u][v] = at[0];
              patch[u][v + 1] = at[1];
            }
          }
        }
        const float4* w =
            reinterpret_cast<const float4*>(weight + (c * K * K * task.groups + group) * padded);
#pragma unroll
        for (int tap = 0; tap < K * K; ++tap) {
          float own[padded];
#pragma unroll
          for (int i = 0; i < padded / 4; ++i) {
            const float4 four = w[tap * task.groups * (padded / 4) + i];
            own[4 * i] = four.x;
            own[4 * i + 1] = four.y;
            own[4 * i + 2] = four.z;
            own[4 * i + 3] = four.w;
          }
          const int u = tap / K, v = tap % K;
#pragma unroll
          for (int o = 0; o < Group; ++o) {
            sum[0][o] = fmaf(own[o], patch[u][v], sum[0][o]);
            sum[1][o] = fmaf(own[o], patch[u][v + 1], sum[1][o]);
            sum[2][o] = fmaf(own[o], patch[u + 1][v], sum[2][o]);
            sum[3][o] = fmaf(own[o], patch[u + 1][v + 1], sum[3][o]);
          }
        }
      }
      if (!real) continue;
      write_windows<Group, kind>(job, sum, group, first + image, task.windows, window);
    }
  }
}

template <int K, int Group, Activation kind>
void launch(const ConvPool& job, cudaStream_t stream) {
  const auto kernel = conv_pool_kernel<K, Group, kind>;
  const int limit = device_attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin);
  const int multiprocessors = device_attribute(cudaDevAttrMultiProcessorCount);
  ConvTask task{};
  task.groups = static_cast<int>((job.out_channels + Group - 1) / Group);
  task.out_width = static_cast<int>(job.out_width());
  task.windows = static_cast<int>(job.out_height() * job.out_width());
  const std::int64_t fixed = job.channels * K * K * task.groups * kPaddedGroup<Group> *
                             static_cast<std::int64_t>(sizeof(float));
  const std::int64_t image =
      job.channels * job.height * job.width * static_cast<std::int64_t>(sizeof(float));
  const std::int64_t fit = (limit - fixed) / image;
  if (fit < 1)
    throw std::runtime_error("CUDA: conv_pool: weights and one image exceed shared memory");
  // Images and warps that leave the four schedulers of a multiprocessor the fewest idle places.
  int warps = 1;
  double best = 0;
  for (int images = 1; images <= std::min<std::int64_t>(fit, kMaxImages); ++images) {
    const int chunks = (images * task.windows + kWarp - 1) / kWarp;
    for (int w = 1; w <= std::min(kMaxWarps, chunks * task.groups); ++w) {
      const int rounds = (chunks * task.groups + w - 1) / w;
      const double busy = static_cast<double>(images * task.windows * task.groups) /
                          ((w + 3) / 4 * 4 * rounds * kWarp) * std::min(1.0, w / 12.0);
      if (busy <= best) continue;
      best = busy;
      warps = w;
      task.images = images;
      task.chunks = chunks;
    }
  }
  const std::int64_t shared = fixed + task.images * image;
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             static_cast<int>(shared)),
        "conv_pool: shared memory");
  int blocks = 0;
  check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, warps * kWarp,
                                                      static_cast<std::size_t>(shared)),
        "conv_pool: occupancy");
  const std::int64_t needed = (job.rows + task.images - 1) / task.images;
  const std::int64_t fill = static_cast<std::int64_t>(multiprocessors) * std::max(blocks, 1);
  kernel<<<static_cast<unsigned>(std::min(needed, fill)), static_cast<unsigned>(warps * kWarp),
           static_cast<std::size_t>(shared), stream>>>(job, task);
  check_launch("conv_pool");
}

template <int K>
void launch_kernel(const ConvPool& job, cudaStream_t stream) {
  const bool relu = job.activation == Activation::relu;
  if (job.out_channels % 10 == 0) {
    relu ? launch<K, 10, Activation::relu>(job, stream)
         : launch<K, 10, Activation::identity>(job, stream);
  } else {
    relu ? launch<K, 8, Activation::relu>(job, stream)
         : launch<K, 8, Activation::identity>(job, stream);
  }
}

}  // namespace

void conv_pool(const ConvPool& job, void* stream) {
  if (job.rows == 0) return;
  if (job.kernel == 3) {
    launch_kernel<3>(job, as_stream(stream));
  } else {
    launch_kernel<5>(job, as_stream(stream));
  }
}

}  // namespace varphase::cuda
