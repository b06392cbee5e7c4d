// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/layers/variance_layer.hpp"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "src/layers/sampling.hpp"
#include "src/variance/log_sigma2_theta.hpp"

namespace varphase {
namespace {

std::string theta_dims(const Shape& theta, const Shape& weight, const std::string& dims) {
  if (theta == weight) return dims;
  if (theta.size() != weight.size()) return "theta";
  std::string text = "out";
  for (std::size_t i = 1; i < theta.size(); ++i) text += ",1";
  return text;
}

}  // namespace

VarianceLayer::VarianceLayer(std::string_view kind, const VarianceOptions& options, Shape weight,
                             std::string dims)
    : options_(options),
      weight_(std::move(weight)),
      dims_(std::move(dims)),
      parameterization_(parameterizations().at(options.parameterization)()),
      prior_(priors().at(options.prior)({options.nu})) {
  VARPHASE_CHECK(prior_->allows(options.parameterization), ErrorKind::usage,
                 "{}: prior '{}' does not go with parameterization '{}'\n  it goes with {}", kind,
                 options.prior, options.parameterization, allowed_parameterizations(*prior_));
  const Json& start = options.log_sigma2;
  if (start.is_null()) return;
  VARPHASE_CHECK(parameterization_->theta_name() == "log_sigma2", ErrorKind::usage,
                 "{}.log_sigma2: parameterization '{}' has none, it begins with log_alpha", kind,
                 options.parameterization);
  VARPHASE_CHECK(start.is_number() && start.get<double>() >= LogSigma2Theta::kLeast &&
                     start.get<double>() <= LogSigma2Theta::kLargest,
                 ErrorKind::usage, "{}.log_sigma2: wants a number from {} to {}, or null, got {}",
                 kind, LogSigma2Theta::kLeast, LogSigma2Theta::kLargest, brief(start));
}

double VarianceLayer::weight_bound() const {
  const std::int64_t inputs = element_count(weight_) / weight_[0];
  return 1 / std::sqrt(static_cast<double>(inputs));
}

void VarianceLayer::initialize(const NoiseKey& key) {
  InitialTheta how{weight_bound(), options_.log_alpha, std::nullopt, key};
  if (options_.log_sigma2.is_number()) how.log_sigma2 = options_.log_sigma2.get<double>();
  theta_ = parameterization_->initial_theta(weight_, how);
  mean_ = parameterization_->has_mean() ? uniform_tensor(weight_, weight_bound(), key, 0)
                                        : at::Tensor();
  if (!options_.bias) return;
  bias_ = bias_bound() > 0 ? uniform_tensor({weight_[0]}, bias_bound(), key, 1)
                           : at::zeros({weight_[0]});
}

const at::Tensor& VarianceLayer::mean() const {
  const bool stands =
      parameterization_->has_mean() || (mean_.defined() && mean_.device() == theta_.device() &&
                                        mean_.scalar_type() == theta_.scalar_type());
  if (!stands) mean_ = at::zeros_like(theta_.detach());
  return mean_;
}

std::vector<Parameter> VarianceLayer::parameters() {
  std::vector<Parameter> list;
  if (parameterization_->has_mean()) list.push_back({"mean", &mean_, Role::weight, dims_});
  list.push_back({parameterization_->theta_name(), &theta_, Role::variance,
                  theta_dims(parameterization_->theta_shape(weight_), weight_, dims_)});
  if (options_.bias) list.push_back({"bias", &bias_, Role::weight, "out"});
  return list;
}

at::Tensor VarianceLayer::weight_variance() const {
  const at::Tensor own = parameterization().variance(mean(), theta());
  // A product of two tensors of one layout keeps it, and a convolution its algorithm.
  return mask_.defined() ? own * mask_ : own;
}

at::Tensor VarianceLayer::effective_mean() const {
  if (pruned_mean_.defined()) return pruned_mean_;
  // The values are the stored ones; no gradient reaches those of dropped weights.
  return mask_.defined() ? at::where(mask_, mean(), mean().detach()) : mean();
}

void VarianceLayer::set_mask(const at::Tensor& mask) {
  if (!mask.defined()) {
    mask_ = at::Tensor();
    return;
  }
  VARPHASE_CHECK(mask.sizes() == mean().sizes() && mask.scalar_type() == at::kBool,
                 ErrorKind::shape, "{}: mask of shape {}, wants one bool for each weight, {}",
                 name(), shape_text(mask.sizes().vec()), shape_text(mean().sizes().vec()));
  // Laid out as the means are: elementwise kernels then run through both in one order.
  if (!mask_.defined()) mask_ = at::empty_like(mean(), mean().options().dtype(at::kBool));
  mask_.copy_(mask);
}

void VarianceLayer::drop(const at::Tensor& kept) {
  set_mask(mask_.defined() ? mask_.logical_and(kept.to(mask_.device())) : kept);
  if (parameterization_->has_mean()) mean_.detach().masked_fill_(mask_.logical_not(), 0);
}

at::Tensor VarianceLayer::output_mean(const at::Tensor& x, const at::Tensor& weight_mean) const {
  return linear(x, weight_mean, bias_.defined() ? bias_.to(x.scalar_type()) : bias_);
}

at::Tensor VarianceLayer::output_variance(const at::Tensor& x,
                                          const at::Tensor& weight_variance) const {
  return linear(x.square(), weight_variance, {});
}

VarianceLayer::Moments VarianceLayer::effective_moments(const at::Tensor& x,
                                                        WantedMoments wanted) const {
  if (form_ != nullptr && !at::GradMode::is_enabled() && x.scalar_type() == at::kFloat)
    return form_->moments(x, bias_, wanted);
  return {wanted.mean ? output_mean(x, effective_mean()) : at::Tensor(),
          wanted.variance ? output_variance(x, effective_variance()) : at::Tensor()};
}

at::Tensor VarianceLayer::bias_alone(std::int64_t images) const {
  Shape shape = output_shape();
  shape.insert(shape.begin(), images);
  if (!bias_.defined()) return at::zeros(shape, theta_.options().requires_grad(false));
  Shape as_channel(shape.size() - 1, 1);
  as_channel[0] = bias_.numel();
  return bias_.view(as_channel).expand(shape);
}

bool VarianceLayer::has_means(Mode mode) const {
  // Zero means need no product, unless a pruned network gave its own.
  return mode != Mode::zero_mean && (parameterization_->has_mean() || pruned_mean_.defined());
}

VarianceLayer::Moments VarianceLayer::sampled_moments(const at::Tensor& x, Mode mode) const {
  const bool means = has_means(mode);
  Moments moments = effective_moments(x, {means, true});
  if (!means && bias_.defined()) moments.mean = bias_alone(x.size(0));
  return moments;
}

at::Tensor VarianceLayer::forward(const at::Tensor& x, const Forward& how) {
  if (how.mode == Mode::mean) {
    return has_means(how.mode) ? effective_moments(x, {true, false}).mean : bias_alone(x.size(0));
  }
  const Moments moments = sampled_moments(x, how.mode);
  return sample_output(moments.mean, moments.variance, how, number());
}

at::Tensor VarianceLayer::kl(const Forward& how, const at::Tensor& step) const {
  const auto normal_draw = [&](const at::Tensor& like) {
    Forward draw = how;
    draw.key.stream = Stream::kl_sample;
    draw.example = step;
    // A row of unit variance and no mean is the noise itself, unit by flat index.
    const at::Tensor unit =
        at::ones({1, like.numel()}, like.options().dtype(at::kFloat).requires_grad(false));
    return sample_output({}, unit, draw, number()).reshape(like.sizes());
  };
  return prior().kl(parameterization(), mean(), theta(), normal_draw, mask_);
}

void check_variance_options(const Json& spec, std::string_view kind) {
  if (!spec.is_object() || !spec.contains("nu")) return;
  if (spec.contains("prior") && !spec["prior"].is_string()) return;  // said where it is read
  const std::string prior = spec.value("prior", VarianceOptions{}.prior);
  VARPHASE_CHECK(prior == "student_t", ErrorKind::usage,
                 "{}.nu: prior '{}' has no degrees of freedom, student_t has", kind, prior);
}

}  // namespace varphase
