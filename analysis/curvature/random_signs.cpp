// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/curvature/random_signs.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>

#include "src/kernels/layers/multiply_noise.hpp"
#include "src/torch/kernel_arguments.hpp"

namespace varphase {

at::Tensor random_signs(const at::Tensor& like, const at::Tensor& example, std::uint64_t seed,
                        std::uint16_t layer, std::int64_t probe) {
  // Dropout that keeps half gives 2 where the top bit is clear and 0 elsewhere.
  const at::Tensor ones = at::ones(like.sizes(), like.options().dtype(at::kFloat));
  const at::Tensor member = at::full({1}, probe, example.options());
  at::Tensor twice = at::empty_like(ones);
  MultiplyNoise<float> job;
  job.x = data_of<float>(ones);
  job.y = data_of<float>(twice);
  job.rows = like.size(0);
  job.channels = like.size(1);
  job.positions = like.numel() / (job.rows * job.channels);
  job.factor = dropout_factor(0.5);
  job.key = {seed, Stream::probe, layer, 0};
  job.noise = {data_of<std::int64_t>(example), data_of<std::int64_t>(member), 0};
  multiply_noise(job, where_of(ones));
  return twice.sub_(1).to(like.scalar_type());
}

}  // namespace varphase
