// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/variance/student_t.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/where.h>
#include <torch/csrc/autograd/custom_function.h>

#include "src/kernels/layers/prior_divergence.hpp"
#include "src/torch/kernel_arguments.hpp"

namespace varphase {
namespace {

struct StudentTFunction : torch::autograd::Function<StudentTFunction> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& mean,
                            const at::Tensor& variance, double nu) {
    // Both in one order of memory: that of the means.
    const at::Tensor m = without_holes(mean);
    const at::Tensor v = at::empty_like(m).copy_(variance);
    at::Tensor value = at::empty_like(m);
    const at::Tensor d_mean = at::empty_like(m), d_variance = at::empty_like(m);
    on_floats(m, [&](auto zero) {
      using T = decltype(zero);
      student_t_divergences<T>(m.data_ptr<T>(), v.data_ptr<T>(), m.numel(), nu, value.data_ptr<T>(),
                               d_mean.data_ptr<T>(), d_variance.data_ptr<T>(), where_of(m));
    });
    context->save_for_backward({d_mean, d_variance});
    return value;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    return {gradients[0] * saved[0], gradients[0] * saved[1], at::Tensor()};
  }
};

class StudentT final : public Prior {
 public:
  explicit StudentT(double nu) : nu_(nu) {}
  std::string_view name() const override { return "student_t"; }
  bool allows(std::string_view) const override { return true; }
  at::Tensor kl(const Parameterization& parameterization, const at::Tensor& mean,
                const at::Tensor& theta, const NormalDraw&, const at::Tensor& mask) const override {
    const at::Tensor variance = parameterization.variance(mean, theta);
    if (!mask.defined()) return student_t_kl(mean, variance, nu_).sum();
    // A dropped weight may have no variance, of which there is no logarithm.
    const at::Tensor each = student_t_kl(mean, at::where(mask, variance, 1), nu_);
    return at::where(mask, each, 0).sum();
  }

 private:
  double nu_;
};

}  // namespace

at::Tensor student_t_kl(const at::Tensor& mean, const at::Tensor& variance, double nu) {
  return StudentTFunction::apply(mean, variance, nu);
}

std::unique_ptr<Prior> make_student_t(const PriorOptions& options) {
  return std::make_unique<StudentT>(options.nu);
}

}  // namespace varphase
