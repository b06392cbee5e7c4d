// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "src/kernels/layers/prior_divergence.hpp"
#include "src/torch/kernel_arguments.hpp"
#include "src/variance/log_uniform.hpp"

namespace varphase {
namespace {

struct ExactFunction : torch::autograd::Function<ExactFunction> {
  static at::Tensor forward(torch::autograd::AutogradContext* context,
                            const at::Tensor& log_alpha) {
    const at::Tensor x = without_holes(log_alpha);
    at::Tensor value = at::empty_like(x), slope = at::empty_like(x);
    on_floats(x, [&](auto zero) {
      using T = decltype(zero);
      log_uniform_divergences<T>(x.data_ptr<T>(), x.numel(), value.data_ptr<T>(),
                                 slope.data_ptr<T>(), where_of(x));
    });
    context->save_for_backward({slope});
    return value;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    return {gradients[0] * context->get_saved_variables()[0]};
  }
};

class LogUniformExact final : public LogUniform {
 public:
  std::string_view name() const override { return "log_uniform_exact"; }

 private:
  at::Tensor of(const at::Tensor& log_alpha, const NormalDraw&) const override {
    return log_uniform_kl_exact(log_alpha);
  }
};

}  // namespace

at::Tensor log_uniform_kl_exact(const at::Tensor& log_alpha) {
  return ExactFunction::apply(log_alpha);
}

std::unique_ptr<Prior> make_log_uniform_exact(const PriorOptions&) {
  return std::make_unique<LogUniformExact>();
}

}  // namespace varphase
