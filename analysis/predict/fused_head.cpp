// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/fused_head.hpp"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/where.h>

#include "src/base/error.hpp"
#include "src/kernels/layers/sample_output.hpp"
#include "src/kernels/predict/ensemble_head.hpp"
#include "src/torch/kernel_arguments.hpp"

namespace varphase {
at::Tensor fused_log_probabilities(const HeadParts& head, const at::Tensor& base,
                                   const at::Tensor& spread, const NoiseKey& key,
                                   const at::Tensor& example, std::int64_t members,
                                   at::Tensor* member_entropy, std::int64_t first_member) {
  const std::int64_t variants = base.size(0);
  VARPHASE_CHECK(variants % spread.size(0) == 0, ErrorKind::shape,
                 "{} variants do not share {} spreads", variants, spread.size(0));
  const std::int64_t share = variants / spread.size(0);
  at::Tensor log_p = at::empty({variants, base.size(1), head.weight.size(0)}, base.options());
  EnsembleHead job;
  job.share = share;
  job.rows = base.size(1);
  job.units = base.size(2);
  job.weight = data_of<float>(head.weight);
  job.bias = data_of<float>(head.bias);
  job.classes = head.weight.size(0);
  job.activation = head.activation;
  job.beta = static_cast<float>(head.beta);
  job.key = key;
  job.key.layer = head.layer->number();
  job.example = data_of<std::int64_t>(example);
  job.first_member = first_member;
  job.members = members;
  if (member_entropy != nullptr) {
    *member_entropy = at::empty({job.rows}, base.options());
    job.member_entropy = data_of<float>(*member_entropy);
  }
  // Whole shares.
  const std::int64_t together = std::max<std::int64_t>(1, kEnsembleHeadVariants / share) * share;
  for (std::int64_t first = 0; first < variants; first += together) {
    job.variants = std::min(together, variants - first);
    job.base = data_of<float>(base) + first * job.rows * job.units;
    job.spread = data_of<float>(spread) + first / share * job.rows * job.units;
    job.log_p = data_of<float>(log_p) + first * job.rows * job.classes;
    ensemble_head(job, where_of(base));
  }
  return log_p;
}

at::Tensor output_sd(const at::Tensor& variance) {
  return (variance.clamp_min(0) + kVarianceFloor).sqrt();
}

}  // namespace varphase
