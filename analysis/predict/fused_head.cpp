// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/fused_head.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/where.h>

#include "src/base/error.hpp"
#include "src/kernels/ensemble_head.hpp"
#include "src/kernels/sample_output.hpp"
#include "src/layers/torch_kernels.hpp"

namespace varphase {

at::Tensor fused_log_probabilities(const HeadParts& head, const at::Tensor& base,
                                   const at::Tensor& spread, const NoiseKey& key,
                                   const at::Tensor& example, std::int64_t members) {
  const std::int64_t variants = base.size(0);
  VARPHASE_CHECK(variants % spread.size(0) == 0, ErrorKind::shape,
                 "{} variants do not share {} spreads", variants, spread.size(0));
  at::Tensor log_p = at::empty({variants, base.size(1), head.weight.size(0)}, base.options());
  EnsembleHead job;
  job.base = data_of<float>(base);
  job.spread = data_of<float>(spread);
  job.variants = variants;
  job.share = variants / spread.size(0);
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
  job.members = members;
  job.log_p = data_of<float>(log_p);
  ensemble_head(job, where_of(base));
  return log_p;
}

at::Tensor output_sd(const at::Tensor& variance) {
  return (variance.clamp_min(0) + kVarianceFloor).sqrt();
}

}  // namespace varphase
