// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/layers/norm_pool.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "src/kernels/layers/norm_pool_pieces.hpp"
#include "src/kernels/support/dispatch.hpp"

namespace varphase {
namespace {

using norm_pool_pieces::Scale;
using norm_pool_pieces::Spread;

constexpr std::int64_t kBlock = 8;  // images whose sums are one entry of the float64 total

std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

Scale scale_of(const NormPool<float>& job) {
  Scale scale;
  for (std::int64_t c = 0; c < job.channels; ++c)
    scale.push_back(job.weight[c] * job.inverse_sd[c]);
  return scale;
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

/// Sums of x - pivot and of its square, [2 C]; the pivot is the first image's value.
std::vector<double> sums_about_pivot(const NormPool<float>& job, const std::vector<float>& pivot) {
  return sums_over_images(job, [&](std::int64_t begin, std::int64_t end, double* into) {
    norm_pool_pieces::sum_values(job, pivot.data(), begin, end, into);
  });
}

void set_statistics(const NormPool<float>& job, std::int64_t c, double mean, double var,
                    double count) {
  job.mean[c] = static_cast<float>(mean);
  job.inverse_sd[c] = static_cast<float>(1 / std::sqrt(var + static_cast<double>(job.eps)));
  if (job.running_mean == nullptr) return;
  const double unbiased = count > 1 ? var * count / (count - 1) : var;
  job.running_mean[c] += job.momentum * (static_cast<float>(mean) - job.running_mean[c]);
  job.running_var[c] += job.momentum * (static_cast<float>(unbiased) - job.running_var[c]);
}

void statistics_of_sums(const NormPool<float>& job) {
  const double count = job.sums[2 * job.channels];
  for (std::int64_t c = 0; c < job.channels; ++c) {
    const double mean = job.sums[c] / count;
    const double var = std::max(0.0, job.sums[job.channels + c] / count - mean * mean);
    set_statistics(job, c, mean, var, count);
  }
}

void batch_statistics(const NormPool<float>& job) {
  const std::vector<float> pivot(job.x, job.x + job.channels);
  const std::vector<double> sums = sums_about_pivot(job, pivot);
  const auto count = static_cast<double>(job.rows * job.height * job.width);
  for (std::int64_t c = 0; c < job.channels; ++c) {
    const double offset = sums[at(c)] / count;
    const double var = std::max(0.0, sums[at(job.channels + c)] / count - offset * offset);
    set_statistics(job, c, static_cast<double>(pivot[at(c)]) + offset, var, count);
  }
}

std::vector<double> gradient_sums(const NormPool<float>& job,
                                  const NormPoolGradient<float>& gradient, const Scale& scale) {
  return sums_over_images(job, [&](std::int64_t begin, std::int64_t end, double* into) {
    norm_pool_pieces::sum_gradients(job, gradient, scale, begin, end, into);
  });
}

void write_parameter_gradients(const NormPool<float>& job, const NormPoolGradient<float>& gradient,
                               const double* sums) {
  for (std::int64_t c = 0; c < job.channels; ++c) {
    gradient.dbias[c] = static_cast<float>(sums[c]);
    gradient.dweight[c] =
        static_cast<float>(sums[job.channels + c] * static_cast<double>(job.inverse_sd[c]));
  }
}

/// What dx takes of a training pass's statistics. Writes dweight and dbias where the sums are this batch's own.
Spread trained_spread(const NormPool<float>& job, const NormPoolGradient<float>& gradient,
                      const Scale& scale) {
  std::vector<double> own;
  const double* sums = gradient.sums;
  auto count = static_cast<double>(job.rows * job.height * job.width);
  if (sums == nullptr) {
    own = gradient_sums(job, gradient, scale);
    sums = own.data();
    write_parameter_gradients(job, gradient, sums);
  } else {
    count = job.sums[2 * job.channels];
  }
  Spread spread;
  for (std::int64_t c = 0; c < job.channels; ++c) {
    const auto inverse = static_cast<double>(job.inverse_sd[c]);
    const double k = static_cast<double>(job.weight[c]) * inverse;
    const double slope = k * inverse * inverse * sums[job.channels + c] / count;
    spread.k.push_back(static_cast<float>(k));
    spread.a.push_back(static_cast<float>(-slope));
    spread.b.push_back(static_cast<float>(-k * sums[c] / count));
  }
  return spread;
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
  if (job.training && job.sums != nullptr) statistics_of_sums(job);
  if (job.training && job.sums == nullptr) batch_statistics(job);
  const Scale scale = scale_of(job);
  parallel_for(job.rows, 4, [&](std::int64_t begin, std::int64_t end) {
    norm_pool_pieces::pool(job, scale, begin, end);
  });
}

template <>
void norm_pool_backward(const NormPool<float>& job, const NormPoolGradient<float>& gradient,
                        Where where) {
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::norm_pool_backward(job, gradient, where.stream));
    return;
  }
  const Scale scale = scale_of(job);
  const Spread spread = job.training
                            ? trained_spread(job, gradient, scale)
                            : Spread{scale, Scale(scale.size(), 0), Scale(scale.size(), 0)};
  parallel_for(job.rows, 4, [&](std::int64_t begin, std::int64_t end) {
    norm_pool_pieces::spread(job, gradient, scale, spread, begin, end);
  });
}

template <>
void norm_pool_sums(const NormPool<float>& job, double* sums, Where where) {
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::norm_pool_sums(job, sums, where.stream));
    return;
  }
  const std::vector<float> pivot(job.x, job.x + job.channels);
  const std::vector<double> about = sums_about_pivot(job, pivot);
  const auto count = static_cast<double>(job.rows * job.height * job.width);
  for (std::int64_t c = 0; c < job.channels; ++c) {
    const auto p = static_cast<double>(pivot[at(c)]);
    const double first = about[at(c)], second = about[at(job.channels + c)];
    sums[c] = first + count * p;
    sums[job.channels + c] = second + p * (2 * first + count * p);
  }
  sums[2 * job.channels] = count;
}

template <>
void norm_pool_gradient_sums(const NormPool<float>& job, const NormPoolGradient<float>& gradient,
                             double* sums, Where where) {
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::norm_pool_gradient_sums(job, gradient, sums, where.stream));
    return;
  }
  const std::vector<double> own = gradient_sums(job, gradient, scale_of(job));
  std::copy(own.begin(), own.end(), sums);
  write_parameter_gradients(job, gradient, sums);
}

template <>
void norm_pool([[maybe_unused]] const NormPool<Bfloat16>& job, Where where) {
  VARPHASE_CHECK(where.cuda, ErrorKind::unsupported, "norm_pool: bfloat16 is for a GPU");
  VARPHASE_ON_CUDA(cuda::norm_pool(job, where.stream));
}

template <>
void norm_pool_backward([[maybe_unused]] const NormPool<Bfloat16>& job,
                        [[maybe_unused]] const NormPoolGradient<Bfloat16>& gradient, Where where) {
  VARPHASE_CHECK(where.cuda, ErrorKind::unsupported, "norm_pool: bfloat16 is for a GPU");
  VARPHASE_ON_CUDA(cuda::norm_pool_backward(job, gradient, where.stream));
}

template <>
void norm_pool_sums([[maybe_unused]] const NormPool<Bfloat16>& job, [[maybe_unused]] double* sums,
                    Where where) {
  VARPHASE_CHECK(where.cuda, ErrorKind::unsupported, "norm_pool: bfloat16 is for a GPU");
  VARPHASE_ON_CUDA(cuda::norm_pool_sums(job, sums, where.stream));
}

template <>
void norm_pool_gradient_sums([[maybe_unused]] const NormPool<Bfloat16>& job,
                             [[maybe_unused]] const NormPoolGradient<Bfloat16>& gradient,
                             [[maybe_unused]] double* sums, Where where) {
  VARPHASE_CHECK(where.cuda, ErrorKind::unsupported, "norm_pool: bfloat16 is for a GPU");
  VARPHASE_ON_CUDA(cuda::norm_pool_gradient_sums(job, gradient, sums, where.stream));
}

}  // namespace varphase
