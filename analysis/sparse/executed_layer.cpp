// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/sparse/executed_layer.hpp"

#include <algorithm>
#include <bit>
#include <chrono>

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>
#if VARPHASE_CUDA
#include <c10/cuda/CUDAFunctions.h>
#endif

#include "src/base/error.hpp"
#include "src/base/suggest.hpp"
#include "src/kernels/sparse_moments.hpp"
#include "src/variance/torch_kernels.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kMostMeasuredRows =
    1024;                         // on a CPU, where more take longer and tell no more
constexpr double kEnough = 0.02;  // seconds, after which no further round begins
constexpr int kLeastRounds = 3;
constexpr int kMostRounds = 10;
constexpr double kClearly = 0.9;  // of the dense form's time: what another must stay under

template <class T>
at::Tensor copied(const std::vector<T>& values, at::ScalarType type, at::Device device) {
  const auto count = static_cast<std::int64_t>(values.size());
  // from_blob wants a mutable pointer; the tensor is only read.
  return at::from_blob(const_cast<T*>(values.data()), {count}, at::TensorOptions(type))
      .to(device, type, false, true);
}

std::optional<at::Tensor> optional_of(const at::Tensor& tensor) {
  return tensor.defined() ? std::optional<at::Tensor>(tensor) : std::nullopt;
}

void synchronize(const at::Tensor& tensor) {
#if VARPHASE_CUDA
  if (tensor.is_cuda()) c10::cuda::device_synchronize();
#else
  static_cast<void>(tensor);
#endif
}

/// Outputs of some units among all, the others as `rest` [out] has them (undefined: 0).
at::Tensor spread_out(const at::Tensor& some, const at::Tensor& units, const at::Tensor& rest,
                      std::int64_t count) {
  at::Tensor all = rest.defined() ? rest.expand({some.size(0), count}).clone()
                                  : at::zeros({some.size(0), count}, some.options());
  return all.index_copy_(1, units, some);
}

}  // namespace

std::string execution_form_name(ExecutionForm form) {
  switch (form) {
    case ExecutionForm::dense:
      return "dense";
    case ExecutionForm::csr:
      return "csr";
    case ExecutionForm::compact:
      return "compact";
  }
  return "";
}

std::optional<ExecutionForm> execution_form_from_name(const std::string& name) {
  if (name == "auto") return std::nullopt;
  std::vector<std::string> known{"auto"};
  for (const ExecutionForm form : kExecutionForms) {
    if (execution_form_name(form) == name) return form;
    known.push_back(execution_form_name(form));
  }
  fail(ErrorKind::usage,
       "unknown form '{}'{}\n  a pruned layer is computed as auto, dense, csr or "
       "compact",
       name, suggestion(name, known));
}

ExecutedLayer::ExecutedLayer(const PrunedLayer& pruned, const at::Tensor& mean,
                             const at::Tensor& variance, std::optional<ExecutionForm> given)
    : name_(pruned.layer),
      sparsity_(pruned.sparsity()),
      mean_(mean),
      variance_(variance),
      given_(given) {
  VARPHASE_CHECK(pruned.shape.size() == 2 && mean.sizes().vec() == pruned.shape &&
                     variance.sizes().vec() == pruned.shape,
                 ErrorKind::shape, "{}: a sparse form wants a dense layer's weights [out, in]",
                 pruned.layer);
  const at::Device device = mean.device();
  const bool all_means = pruned.replace == "mean";
  const CsrMatrix pattern = csr_variances(pruned);
  csr_ = {copied(pattern.indptr, at::kInt, device), copied(pattern.indices, at::kInt, device),
          all_means ? at::Tensor() : copied(csr_means(pruned).values, at::kFloat, device),
          copied(pattern.values, at::kFloat, device)};

  std::vector<std::int64_t> rows, columns;
  std::vector<bool> used(static_cast<std::size_t>(pattern.cols));
  for (const std::int32_t column : pattern.indices) used[static_cast<std::size_t>(column)] = true;
  for (std::int64_t column = 0; column < pattern.cols; ++column) {
    if (used[static_cast<std::size_t>(column)]) columns.push_back(column);
  }
  for (std::size_t row = 0; row < static_cast<std::size_t>(pattern.rows); ++row) {
    if (pattern.indptr[row] < pattern.indptr[row + 1])
      rows.push_back(static_cast<std::int64_t>(row));
  }
  compact_.whole = static_cast<std::int64_t>(rows.size()) == pattern.rows &&
                   static_cast<std::int64_t>(columns.size()) == pattern.cols;
  compact_.rows = copied(rows, at::kLong, device);
  compact_.columns = copied(columns, at::kLong, device);
  const auto left = [&](const at::Tensor& weights) {
    return weights.index_select(0, compact_.rows).index_select(1, compact_.columns).contiguous();
  };
  if (!all_means) compact_.mean = left(mean);
  compact_.variance = left(variance);
}

OutputMoments ExecutedLayer::moments(const at::Tensor& x, const at::Tensor& bias,
                                     WantedMoments wanted) const {
  const at::Tensor flat = x.flatten(1).contiguous();
  return moments_by(choose(flat, bias, wanted), flat, bias, wanted);
}

OutputMoments ExecutedLayer::moments_by(ExecutionForm form, const at::Tensor& x,
                                        const at::Tensor& bias, WantedMoments wanted) const {
  switch (form) {
    case ExecutionForm::csr:
      return by_csr(x, bias, wanted);
    case ExecutionForm::compact:
      return by_compact(x, bias, wanted);
    case ExecutionForm::dense:
      break;
  }
  return {wanted.mean ? at::linear(x, mean_, optional_of(bias)) : at::Tensor(),
          wanted.variance ? at::linear(x.square(), variance_) : at::Tensor()};
}

OutputMoments ExecutedLayer::by_csr(const at::Tensor& x, const at::Tensor& bias,
                                    WantedMoments wanted) const {
  const bool all_means = !csr_.mean.defined();
  OutputMoments out;
  SparseMoments job;
  job.rows = x.size(0);
  job.inputs = mean_.size(1);
  job.outputs = mean_.size(0);
  job.x = data_of<float>(x);
  job.indptr = csr_.indptr.data_ptr<std::int32_t>();
  job.indices = csr_.indices.data_ptr<std::int32_t>();
  job.bias = data_of<float>(bias);
  if (wanted.mean && all_means) out.mean = at::linear(x, mean_, optional_of(bias));
  if (wanted.mean && !all_means) {
    out.mean = at::empty({job.rows, job.outputs}, x.options());
    job.mean = data_of<float>(csr_.mean);
    job.m = data_of<float>(out.mean);
  }
  if (wanted.variance) {
    out.variance = at::empty({job.rows, job.outputs}, x.options());
    job.variance = data_of<float>(csr_.variance);
    job.v = data_of<float>(out.variance);
  }
  sparse_moments(job, where_of(x));
  return out;
}

OutputMoments ExecutedLayer::by_compact(const at::Tensor& x, const at::Tensor& bias,
                                        WantedMoments wanted) const {
  const bool all_means = !compact_.mean.defined();
  OutputMoments out;
  if (wanted.mean && all_means) out.mean = at::linear(x, mean_, optional_of(bias));
  if (!wanted.variance && all_means) return out;
  const at::Tensor left = x.index_select(1, compact_.columns);
  const std::int64_t units = mean_.size(0);
  if (wanted.mean && !all_means) {
    const at::Tensor own =
        bias.defined()
            ? at::linear(left, compact_.mean, bias.index_select(0, compact_.rows).contiguous())
            : at::linear(left, compact_.mean);
    out.mean = spread_out(own, compact_.rows, bias, units);
  }
  if (wanted.variance)
    out.variance =
        spread_out(at::linear(left.square(), compact_.variance), compact_.rows, {}, units);
  return out;
}

ExecutionForm ExecutedLayer::choose(const at::Tensor& x, const at::Tensor& bias,
                                    WantedMoments wanted) const {
  if (given_) return *given_;
  const std::array<int, 3> key{
      static_cast<int>(std::bit_width(static_cast<std::uint64_t>(x.size(0)))), wanted.mean ? 1 : 0,
      wanted.variance ? 1 : 0};
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = choices_.find(key);
  if (found != choices_.end()) return found->second.form;
  return choices_.emplace(key, measure(x, bias, wanted)).first->second.form;
}

FormChoice ExecutedLayer::measure(const at::Tensor& x, const at::Tensor& bias,
                                  WantedMoments wanted) const {
  const at::Tensor batch = x.is_cuda() ? x : x.narrow(0, 0, std::min(x.size(0), kMostMeasuredRows));
  FormChoice choice{batch.size(0), wanted, ExecutionForm::dense, {}};
  const auto run = [&](ExecutionForm form) {
    synchronize(batch);
    const auto start = std::chrono::steady_clock::now();
    moments_by(form, batch, bias, wanted);
    synchronize(batch);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  std::vector<ExecutionForm> forms{ExecutionForm::dense, ExecutionForm::csr};
  if (!compact_.whole) forms.push_back(ExecutionForm::compact);
  for (const ExecutionForm form : forms) run(form);  // first calls load libraries and take memory
  // In turn, so that what slows the machine for a moment meets all; the least of each counts.
  double spent = 0;
  for (int round = 0; round < kMostRounds && (round < kLeastRounds || spent < kEnough); ++round) {
    for (const ExecutionForm form : forms) {
      const double seconds = run(form);
      spent += seconds;
      const auto known = choice.seconds.emplace(form, seconds).first;
      known->second = std::min(known->second, seconds);
    }
  }
  double best = kClearly * choice.seconds[ExecutionForm::dense];
  for (const auto& [form, seconds] : choice.seconds) {
    if (form == ExecutionForm::dense || seconds >= best) continue;
    best = seconds;
    choice.form = form;
  }
  return choice;
}

std::int64_t ExecutedLayer::bytes(ExecutionForm form) const {
  const auto size = [](const at::Tensor& tensor) {
    return tensor.defined() ? static_cast<std::int64_t>(tensor.nbytes()) : 0;
  };
  const std::int64_t all_means = csr_.mean.defined() ? 0 : size(mean_);
  switch (form) {
    case ExecutionForm::csr:
      return all_means + size(csr_.indptr) + size(csr_.indices) + size(csr_.mean) +
             size(csr_.variance);
    case ExecutionForm::compact:
      return all_means + size(compact_.rows) + size(compact_.columns) + size(compact_.mean) +
             size(compact_.variance);
    case ExecutionForm::dense:
      break;
  }
  return size(mean_) + size(variance_);
}

std::vector<FormChoice> ExecutedLayer::choices() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<FormChoice> list;
  for (const auto& [key, choice] : choices_) list.push_back(choice);
  return list;
}

}  // namespace varphase
