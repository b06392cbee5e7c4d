// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <cmath>

#include <ATen/ops/full.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>

#include "src/base/config.hpp"
#include "src/layers/sampling.hpp"
#include "src/layers/variance_layer.hpp"

namespace varphase {
namespace {

struct Options {
  std::int64_t out = 0;
  std::string parameterization = "layer";
  std::string prior = "log_uniform";
  double log_alpha = -5;
  bool bias = false;
  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("out", out, FieldInfo{.help = "output units", .min = 1, .max = 1e7});
    visit("parameterization", parameterization,
          FieldInfo{.help = "what is trained beside the means",
                    .choices = parameterizations().names()});
    visit("prior", prior, FieldInfo{.help = "prior of the weights", .choices = priors().names()});
    visit("log_alpha", log_alpha,
          FieldInfo{.help = "initial log alpha (natural log)", .min = -20, .max = 20});
    visit("bias", bias, FieldInfo{.help = "add a deterministic bias"});
  }
};

/// A dense layer with weights N(mean, variance), sampled by local reparameterization. Paper, eqs.
/// 8, 21, 22.
class VarianceDense final : public VarianceLayer {
 public:
  VarianceDense(const Options& options, std::int64_t in)
      : options_(options),
        in_(in),
        parameterization_(parameterizations().at(options.parameterization)()),
        prior_(priors().at(options.prior)()) {
    VARPHASE_CHECK(prior_->allows(options.parameterization), ErrorKind::usage,
                   "variance_dense: prior '{}' does not go with parameterization '{}'",
                   options.prior, options.parameterization);
    initialize({});
  }
  std::string_view kind() const override { return "variance_dense"; }
  Json options() const override { return to_json(options_); }
  Shape output_shape() const override { return {options_.out}; }

  at::Tensor forward(const at::Tensor& x, const Forward& how) override {
    if (how.mode == Mode::mean) return output_mean(x, effective_mean());
    const at::Tensor v = output_variance(x, effective_variance());
    at::Tensor m;
    if (how.mode == Mode::sampled) {
      m = output_mean(x, effective_mean());
    } else if (bias_.defined()) {
      m = bias_.expand_as(v);
    }
    return sample_output(m, v, how, number());
  }

  at::Tensor output_mean(const at::Tensor& x, const at::Tensor& weight_mean) const override {
    return at::linear(
        x.flatten(1), weight_mean,
        bias_.defined() ? std::optional<at::Tensor>(bias_.to(x.scalar_type())) : std::nullopt);
  }
  at::Tensor output_variance(const at::Tensor& x,
                             const at::Tensor& weight_variance) const override {
    return at::linear(x.flatten(1).square(), weight_variance);
  }

  std::vector<Parameter> parameters() override {
    std::vector<Parameter> list{
        {"mean", &mean_, Role::weight, "out,in"},
        {parameterization_->theta_name(), &theta_, Role::variance, "theta"}};
    if (options_.bias) list.push_back({"bias", &bias_, Role::weight, "out"});
    return list;
  }
  void initialize(const NoiseKey& key) override {
    const Shape weight{options_.out, in_};
    mean_ = uniform_tensor(weight, 1 / std::sqrt(static_cast<double>(in_)), key, 0);
    theta_ = at::full(parameterization_->theta_shape(weight), options_.log_alpha);
    if (options_.bias) bias_ = at::zeros({options_.out});
  }

  const Parameterization& parameterization() const override { return *parameterization_; }
  const Prior& prior() const override { return *prior_; }
  const at::Tensor& mean() const override { return mean_; }
  const at::Tensor& theta() const override { return theta_; }
  at::Tensor& mutable_theta() override { return theta_; }
  bool has_bias() const override { return options_.bias; }

 private:
  Options options_;
  std::int64_t in_;
  std::unique_ptr<Parameterization> parameterization_;
  std::unique_ptr<Prior> prior_;
  at::Tensor mean_;   // [out, in]
  at::Tensor theta_;  // log alpha, [1]
  at::Tensor bias_;   // [out]
};

}  // namespace

std::unique_ptr<Layer> make_variance_dense(const Json& json, const Shape& input) {
  Options options;
  assign_fields(options, json, "variance_dense");
  VARPHASE_CHECK(options.out > 0, ErrorKind::usage,
                 "variance_dense: wants \"out\", the number of output units");
  return std::make_unique<VarianceDense>(options, element_count(input));
}

}  // namespace varphase
