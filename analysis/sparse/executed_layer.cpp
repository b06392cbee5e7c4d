// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/sparse/executed_layer.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linear.h>

#include "src/base/enum_names.hpp"
#include "src/base/error.hpp"
#include "src/base/stopwatch.hpp"
#include "src/layers/conv2d.hpp"
#include "src/torch/kernel_arguments.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kMostMeasuredRows =
    1024;                         // on a CPU, where more take longer and tell no more
constexpr double kEnough = 0.02;  // seconds, after which no further round begins
constexpr int kLeastRounds = 3;
constexpr int kMostRounds = 10;
constexpr double kClearly = 0.9;  // of the dense form's time: what another must stay under
constexpr double kHopeless = 2;   // times the fastest: a form that is slower is not timed again

/// Outputs of some units or channels among all, the others as `rest` [out] has them (undefined: 0).
at::Tensor spread_out(const at::Tensor& some, const at::Tensor& units, const at::Tensor& rest,
                      std::int64_t count) {
  std::vector<std::int64_t> shape = some.sizes().vec();
  shape[1] = count;
  at::Tensor all = at::empty(shape, some.options(), some.suggest_memory_format());
  if (rest.defined()) {
    std::vector<std::int64_t> as_channel(shape.size(), 1);
    as_channel[1] = count;
    all.copy_(rest.reshape(as_channel).expand(shape));
  } else {
    all.zero_();
  }
  return all.index_copy_(1, units, some);
}

/// Which weights are kept, bool, the weight's shape.
at::Tensor kept_weights(const PrunedLayer& pruned) {
  std::vector<std::uint8_t> keep = unpack_mask(pruned.mask, pruned.count());
  return at::from_blob(keep.data(), pruned.shape, at::TensorOptions(at::kByte)).to(at::kBool);
}

const EnumNames<std::optional<ExecutionForm>>& execution_forms() {
  static const EnumNames<std::optional<ExecutionForm>> table{"form of a pruned layer",
                                                             {{std::nullopt, "auto"},
                                                              {ExecutionForm::dense, "dense"},
                                                              {ExecutionForm::csr, "csr"},
                                                              {ExecutionForm::compact, "compact"}}};
  return table;
}

}  // namespace

std::string execution_form_name(ExecutionForm form) { return execution_forms().name(form); }

std::optional<ExecutionForm> execution_form_from_name(const std::string& name) {
  return execution_forms().value(name);
}

ExecutedLayer::ExecutedLayer(const PrunedLayer& pruned, const at::Tensor& mean,
                             const at::Tensor& variance, const ConvGeometry& geometry,
                             std::optional<ExecutionForm> given)
    : ExecutedLayer(pruned, kept_weights(pruned), mean, variance, geometry, given) {}

ExecutedLayer::ExecutedLayer(const PrunedLayer& pruned, const at::Tensor& keep,
                             const at::Tensor& mean, const at::Tensor& variance,
                             const ConvGeometry& geometry, std::optional<ExecutionForm> given)
    : name_(pruned.layer),
      sparsity_(pruned.sparsity()),
      convolution_(pruned.shape.size() == 4),
      geometry_(geometry),
      mean_(mean),
      variance_(variance),
      csr_(keep.to(mean.device()), pruned.replace == "mean" ? at::Tensor() : mean, variance,
           geometry),
      given_(given) {
  const at::Tensor pairs = convolution_ ? keep.flatten(2).any(2) : keep;
  const at::Tensor rows = pairs.any(1).nonzero().flatten(),
                   columns = pairs.any(0).nonzero().flatten();
  compact_.whole = rows.size(0) == pruned.shape[0] && columns.size(0) == pruned.shape[1];
  compact_.rows = rows.to(mean.device());
  compact_.columns = columns.to(mean.device());
  const auto left = [&](const at::Tensor& weights) {
    return weights.index_select(0, compact_.rows)
        .index_select(1, compact_.columns)
        .contiguous(weights.suggest_memory_format());
  };
  if (csr_.has_mean()) compact_.mean = left(mean);
  compact_.variance = left(variance);
}

OutputMoments ExecutedLayer::moments(const at::Tensor& x, const at::Tensor& bias,
                                     WantedMoments wanted) const {
  const at::Tensor input =
      convolution_ ? x.contiguous(at::MemoryFormat::ChannelsLast) : x.flatten(1).contiguous();
  return moments_by(choose(input, bias, wanted), input, bias, wanted);
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
  return {wanted.mean ? product(x, mean_, bias) : at::Tensor(),
          wanted.variance ? product(x.square(), variance_, {}) : at::Tensor()};
}

at::Tensor ExecutedLayer::product(const at::Tensor& x, const at::Tensor& weight,
                                  const at::Tensor& bias) const {
  return convolution_ ? convolve(x, weight, bias, geometry_) : at::linear(x, weight, bias);
}

OutputMoments ExecutedLayer::by_csr(const at::Tensor& x, const at::Tensor& bias,
                                    WantedMoments wanted) const {
  OutputMoments out = csr_.moments(x, bias, {wanted.mean && csr_.has_mean(), wanted.variance});
  if (wanted.mean && !csr_.has_mean()) out.mean = product(x, mean_, bias);
  return out;
}

OutputMoments ExecutedLayer::by_compact(const at::Tensor& x, const at::Tensor& bias,
                                        WantedMoments wanted) const {
  const bool all_means = !compact_.mean.defined();
  OutputMoments out;
  if (wanted.mean && all_means) out.mean = product(x, mean_, bias);
  if (!wanted.variance && all_means) return out;
  const at::Tensor left = x.index_select(1, compact_.columns);
  const std::int64_t units = mean_.size(0);
  // Without a weight there is no product to take: not every convolution can be one of no channels.
  const auto from_left = [&](const at::Tensor& input, const at::Tensor& weight,
                             const at::Tensor& rest) {
    if (weight.numel() == 0) {
      const at::Tensor none =
          at::empty({x.size(0), 0, geometry_.out_height, geometry_.out_width}, x.options());
      return spread_out(convolution_ ? none : none.flatten(1), compact_.rows, rest, units);
    }
    const at::Tensor own = rest.defined() ? rest.index_select(0, compact_.rows).contiguous() : rest;
    return spread_out(product(input, weight, own), compact_.rows, rest, units);
  };
  if (wanted.mean && !all_means) out.mean = from_left(left, compact_.mean, bias);
  if (wanted.variance) out.variance = from_left(left.square(), compact_.variance, {});
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
    synchronize(batch.device());
    const Stopwatch clock;
    moments_by(form, batch, bias, wanted);
    synchronize(batch.device());
    return clock.seconds();
  };
  std::vector<ExecutionForm> forms{ExecutionForm::dense, ExecutionForm::csr};
  if (!compact_.whole) forms.push_back(ExecutionForm::compact);
  for (const ExecutionForm form : forms) run(form);  // first calls load libraries and take memory
  // In turn, so that what slows the machine for a moment meets all; the least of each counts.
  double spent = 0;
  double least = std::numeric_limits<double>::infinity();
  for (int round = 0; round < kMostRounds && (round < kLeastRounds || spent < kEnough); ++round) {
    for (const ExecutionForm form : forms) {
      const double seconds = run(form);
      spent += seconds;
      const auto known = choice.seconds.emplace(form, seconds).first;
      known->second = std::min(known->second, seconds);
      least = std::min(least, seconds);
    }
    std::erase_if(forms,
                  [&](ExecutionForm form) { return choice.seconds[form] > kHopeless * least; });
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
  const std::int64_t all_means = csr_.has_mean() ? 0 : size(mean_);
  switch (form) {
    case ExecutionForm::csr:
      return all_means + csr_.bytes();
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
