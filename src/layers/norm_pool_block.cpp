// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/layers/norm_pool_block.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "src/distributed/communicator.hpp"
#include "src/kernels/layers/norm_pool.hpp"
#include "src/layers/activation_elements.hpp"
#include "src/torch/kernel_arguments.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kLargestPool = 15;  // a winner's place fits a byte

/// Whether the largest phi(h) is phi of the largest h.
bool never_falls(Activation activation) {
  switch (activation) {
    case Activation::identity:
    case Activation::relu:
    case Activation::leaky_relu:
    case Activation::tanh:
    case Activation::sigmoid:
    case Activation::softplus:
      return true;
    case Activation::abs:
    case Activation::silu:
    case Activation::gelu:
      return false;
  }
  return false;
}

at::Tensor channels_last(const at::Tensor& x) {
  return x.contiguous(x.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
}

/// What the block is, beside its tensors.
struct Kind {
  Activation activation;
  double beta;
  std::int64_t pool;
  bool channels_first_out;
  bool training;
  bool keeps_winner;              // for a backward pass
  Communicator* ranks = nullptr;  // of several batches that are normalized as one
};

struct Arrays {
  at::Tensor x, weight, bias, mean, inverse_sd, winner;
  at::Tensor sums = {};  // float64 [2 C + 1] of several ranks that do not meet within the kernels
};

/// Where the ranks meet within the kernels; null where they do not.
const RankLines* lines_of(const Kind& kind, const at::Tensor& x) {
  if (kind.ranks == nullptr || !x.is_cuda()) return nullptr;
  const RankLines* lines = kind.ranks->lines();
  return lines != nullptr && x.size(1) <= lines->places ? lines : nullptr;
}

template <class T>
NormPool<T> job_of(const Kind& kind, const Arrays& arrays, const at::Tensor& workspace) {
  NormPool<T> job;
  job.x = elements_of<T>(arrays.x);
  job.rows = arrays.x.size(0);
  job.channels = arrays.x.size(1);
  if (arrays.x.dim() == 4) {
    job.height = arrays.x.size(2);
    job.width = arrays.x.size(3);
  }
  job.pool = kind.pool;
  job.weight = data_of<float>(arrays.weight);
  job.bias = data_of<float>(arrays.bias);
  job.activation = kind.activation;
  job.beta = static_cast<float>(kind.beta);
  job.training = kind.training;
  job.mean = data_of<float>(arrays.mean);
  job.inverse_sd = data_of<float>(arrays.inverse_sd);
  job.eps = static_cast<float>(BatchNorm::kEps);
  job.momentum = static_cast<float>(BatchNorm::kMomentum);
  job.channels_first_out = kind.channels_first_out;
  job.winner = arrays.winner.defined() ? arrays.winner.data_ptr<std::uint8_t>() : nullptr;
  job.workspace = data_of<float>(workspace);
  job.sums = data_of<double>(arrays.sums);
  job.ranks = lines_of(kind, arrays.x);
  return job;
}

at::Tensor workspace_of(const at::Tensor& x) {
  return x.is_cuda() ? at::empty({norm_pool_workspace(x.size(1))}, x.options().dtype(at::kFloat))
                     : at::Tensor();
}

/// @param training  the statistics are of the batch, and not known yet
Arrays arrays_of(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                 const at::Tensor& running_mean, const at::Tensor& running_var, bool training) {
  const at::TensorOptions options = weight.options().requires_grad(false);
  return {channels_last(x),
          weight,
          bias,
          training ? at::empty(weight.sizes(), options) : running_mean,
          training ? at::empty(weight.sizes(), options) : (running_var + BatchNorm::kEps).rsqrt(),
          {}};
}

at::Tensor run_forward(const Kind& kind, Arrays& arrays, const at::Tensor& running_mean,
                       const at::Tensor& running_var) {
  const at::Tensor& x = arrays.x;
  Shape shape = x.sizes().vec();
  for (std::size_t i = 2; i < shape.size(); ++i) shape[i] /= kind.pool;
  const bool last = x.dim() == 4 && !kind.channels_first_out;
  at::Tensor y = at::empty(shape, x.options().requires_grad(false),
                           last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
  if (kind.keeps_winner && kind.pool > 1)
    arrays.winner = at::empty({y.numel()}, x.options().dtype(at::kByte).requires_grad(false));
  const at::Tensor workspace = kind.training ? workspace_of(x) : at::Tensor();
  on_activations(x, [&](auto type) {
    using T = decltype(type);
    if (kind.ranks != nullptr && lines_of(kind, x) == nullptr) {
      arrays.sums =
          at::empty({2 * x.size(1) + 1}, x.options().dtype(at::kDouble).requires_grad(false));
      norm_pool_sums(job_of<T>(kind, arrays, workspace), data_of<double>(arrays.sums), where_of(x));
      kind.ranks->all_reduce(arrays.sums);
    }
    NormPool<T> job = job_of<T>(kind, arrays, workspace);
    job.running_mean = data_of<float>(running_mean);
    job.running_var = data_of<float>(running_var);
    job.y = elements_of<T>(y);
    norm_pool(job, where_of(x));
  });
  return y;
}

struct NormPoolFunction : torch::autograd::Function<NormPoolFunction> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            const at::Tensor& weight, const at::Tensor& bias,
                            const at::Tensor& running_mean, const at::Tensor& running_var,
                            const Kind& kind) {
    Arrays arrays = arrays_of(x, weight, bias, running_mean, running_var, kind.training);
    at::Tensor y = run_forward(kind, arrays, running_mean, running_var);
    context->save_for_backward(
        {arrays.x, weight, bias, arrays.mean, arrays.inverse_sd, arrays.winner, arrays.sums});
    context->saved_data["ranks"] = reinterpret_cast<std::int64_t>(kind.ranks);
    context->saved_data["activation"] = static_cast<std::int64_t>(kind.activation);
    context->saved_data["beta"] = kind.beta;
    context->saved_data["pool"] = kind.pool;
    context->saved_data["channels_first_out"] = kind.channels_first_out;
    context->saved_data["training"] = kind.training;
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& upstream) {
    const auto saved = context->get_saved_variables();
    const Arrays arrays{saved[0], saved[1], saved[2], saved[3], saved[4], saved[5], saved[6]};
    auto& data = context->saved_data;
    const Kind kind{static_cast<Activation>(data["activation"].toInt()),
                    data["beta"].toDouble(),
                    data["pool"].toInt(),
                    data["channels_first_out"].toBool(),
                    data["training"].toBool(),
                    true,
                    reinterpret_cast<Communicator*>(data["ranks"].toInt())};
    const at::Tensor dy =
        kind.channels_first_out ? upstream[0].contiguous() : channels_last(upstream[0]);
    const at::Tensor dx = at::empty_like(arrays.x);
    at::Tensor dweight, dbias;
    if (kind.training) {
      dweight = at::empty_like(arrays.weight);
      dbias = at::empty_like(arrays.bias);
    }
    const at::Tensor workspace = workspace_of(arrays.x);
    on_activations(dx, [&](auto type) {
      using T = decltype(type);
      const NormPool<T> job = job_of<T>(kind, arrays, workspace);
      NormPoolGradient<T> gradient{elements_of<T>(dy), elements_of<T>(dx), data_of<float>(dweight),
                                   data_of<float>(dbias)};
      at::Tensor sums;
      if (arrays.sums.defined()) {
        sums = at::empty({2 * dx.size(1)}, arrays.sums.options());
        norm_pool_gradient_sums(job, gradient, data_of<double>(sums), where_of(dx));
        kind.ranks->all_reduce(sums);
        gradient.sums = data_of<double>(sums);
      }
      norm_pool_backward<T>(job, gradient, where_of(dx));
    });
    return {dx, dweight, dbias, at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

NormPoolBlock::NormPoolBlock(const BatchNorm& norm, const ElementwiseTraits& phi)
    : norm_(&norm), activation_(phi.activation), beta_(phi.beta) {}

bool NormPoolBlock::add_pool(std::int64_t window) {
  if (!never_falls(activation_) || window > kLargestPool) return false;
  pool_ = window;
  length_ = 3;
  return true;
}

bool NormPoolBlock::serves(const at::Tensor& x, const Forward& how) const {
  const bool in_type =
      x.scalar_type() == at::kFloat || (x.scalar_type() == at::kBFloat16 && x.is_cuda());
  const bool differentiates = at::GradMode::is_enabled() &&
                              (norm_->weight().requires_grad() || norm_->bias().requires_grad());
  return in_type && (x.dim() == 4 || x.dim() == 2) && (how.training || !differentiates);
}

at::Tensor NormPoolBlock::forward(const at::Tensor& x, const Forward& how) const {
  const bool with_gradient = how.training || (at::GradMode::is_enabled() && x.requires_grad());
  const Kind kind{activation_,
                  beta_,
                  pool_,
                  x.dim() == 4 && flat_next_,
                  how.training,
                  with_gradient,
                  how.training ? how.ranks : nullptr};
  if (with_gradient) {
    return NormPoolFunction::apply(x, norm_->weight(), norm_->bias(), norm_->running_mean(),
                                   norm_->running_var(), kind);
  }
  Arrays arrays = arrays_of(x, norm_->weight(), norm_->bias(), norm_->running_mean(),
                            norm_->running_var(), false);
  return run_forward(kind, arrays, {}, {});
}

}  // namespace varphase
