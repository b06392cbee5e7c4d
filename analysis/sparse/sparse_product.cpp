// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/sparse/sparse_product.hpp"

#include <limits>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include "src/base/error.hpp"
#include "src/kernels/products/sparse_moments.hpp"
#include "src/layers/layer.hpp"
#include "src/torch/kernel_arguments.hpp"

namespace varphase {

SparseProduct::SparseProduct(const at::Tensor& keep, const at::Tensor& mean,
                             const at::Tensor& variance, const ConvGeometry& geometry)
    : geometry_(geometry), convolution_(keep.dim() == 4), outputs_(keep.size(0)) {
  const std::int64_t places = geometry.kernel * geometry.kernel;
  Shape wanted{outputs_, geometry.channels};
  if (convolution_) wanted.insert(wanted.end(), 2, geometry.kernel);
  for (const at::Tensor& weights : {keep, mean, variance}) {
    VARPHASE_CHECK(!weights.defined() || weights.sizes() == wanted, ErrorKind::shape,
                   "a sparse product wants weights {}, got {}", shape_text(wanted),
                   shape_text(weights.sizes().vec()));
  }
  VARPHASE_CHECK(keep.numel() <= std::numeric_limits<std::int32_t>::max(), ErrorKind::shape,
                 "a sparse product of {} weights: 32-bit indices do not reach", keep.numel());
  // By output, kernel place and channel.
  const auto sorted = [&](const at::Tensor& weights) {
    return weights.reshape({outputs_, geometry.channels, places}).transpose(1, 2).contiguous();
  };
  const at::Tensor kept = sorted(keep);
  indptr_ =
      at::cat({at::zeros({1}, kept.options().dtype(at::kLong)), kept.sum(2).flatten().cumsum(0)})
          .to(at::kInt);
  indices_ = kept.flatten(1).nonzero().select(1, 1).to(at::kInt).contiguous();
  if (mean.defined()) mean_ = sorted(mean).masked_select(kept);
  variance_ = sorted(variance).masked_select(kept);
}

OutputMoments SparseProduct::moments(const at::Tensor& given, const at::Tensor& bias,
                                     WantedMoments wanted) const {
  VARPHASE_CHECK(!wanted.mean || has_mean(), ErrorKind::usage,
                 "a sparse product without means was asked for one");
  const at::MemoryFormat format =
      convolution_ ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  Shape image{geometry_.channels};
  if (convolution_) image.insert(image.end(), {geometry_.height, geometry_.width});
  VARPHASE_CHECK(given.scalar_type() == at::kFloat && given.dim() > 0 &&
                     given.sizes().slice(1) == image && given.device() == indptr_.device(),
                 ErrorKind::shape,
                 "a sparse product wants float32 inputs {} where its weights are, got {}",
                 shape_text(image), shape_text(given.sizes().vec()));
  const at::Tensor x = given.contiguous(format);
  Shape shape{x.size(0), outputs_};
  if (convolution_) shape.insert(shape.end(), {geometry_.out_height, geometry_.out_width});
  OutputMoments out;
  SparseMoments job;
  job.rows = x.size(0);
  job.geometry = geometry_;
  job.outputs = outputs_;
  job.x = x.data_ptr<float>();
  job.indptr = indptr_.data_ptr<std::int32_t>();
  job.indices = indices_.data_ptr<std::int32_t>();
  job.bias = data_of<float>(bias);
  if (wanted.mean) {
    out.mean = at::empty(shape, x.options(), format);
    job.mean = data_of<float>(mean_);
    job.m = out.mean.data_ptr<float>();
  }
  if (wanted.variance) {
    out.variance = at::empty(shape, x.options(), format);
    job.variance = data_of<float>(variance_);
    job.v = out.variance.data_ptr<float>();
  }
  at::Tensor columns;
  if (sparse_moments_wants_columns(job, where_of(x))) {
    const at::Tensor by_place = convolution_ ? x.permute({0, 2, 3, 1}) : x;
    columns = by_place.reshape({x.size(0), -1}).t().contiguous();
    job.columns = columns.data_ptr<float>();
  }
  sparse_moments(job, where_of(x));
  return out;
}

std::int64_t SparseProduct::bytes() const {
  std::int64_t sum = 0;
  for (const at::Tensor& tensor : {indptr_, indices_, mean_, variance_}) {
    if (tensor.defined()) sum += static_cast<std::int64_t>(tensor.nbytes());
  }
  return sum;
}

}  // namespace varphase
