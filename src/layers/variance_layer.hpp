// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>

#include "src/base/config.hpp"
#include "src/layers/layer.hpp"
#include "src/layers/moments_form.hpp"
#include "src/variance/prior.hpp"

namespace varphase {

/// What the spec of any variance layer says of its weights.
struct VarianceOptions {
  std::string parameterization = "layer";
  std::string prior = "log_uniform";
  double log_alpha = -5;
  Json log_sigma2;
  double nu = PriorOptions{}.nu;
  bool bias = false;
  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("parameterization", parameterization,
          FieldInfo{.help = "what is trained beside the means",
                    .choices = parameterizations().names()});
    visit("prior", prior, FieldInfo{.help = "prior of the weights", .choices = priors().names()});
    visit("log_alpha", log_alpha,
          FieldInfo{.help = "initial log alpha (natural log)", .min = -20, .max = 20});
    visit(
        "log_sigma2", log_sigma2,
        FieldInfo{.help = "initial log sigma^2 of additive and zero_centred; null: additive takes "
                          "log_alpha at a mean of usual size, zero_centred draws"});
    visit("nu", nu,
          FieldInfo{.help = "degrees of freedom of the prior student_t", .min = 1e-30, .max = 1e6});
    visit("bias", bias, FieldInfo{.help = "add a deterministic bias"});
  }
};

/// A layer whose weights are N(mean, variance), sampled by local reparameterization (paper, eqs. 8,
/// 13, 21 to 24). What training, curvature and pruning ask of it.
class VarianceLayer : public Layer {
 public:
  using Moments = OutputMoments;

  const Parameterization& parameterization() const { return *parameterization_; }
  const Prior& prior() const { return *prior_; }
  /// [out, in...]; zeros where the parameterization has no means.
  const at::Tensor& mean() const;
  const at::Tensor& theta() const { return theta_; }
  const std::string& weight_dims() const { return dims_; }
  at::Tensor& mutable_theta() { return theta_; }
  /// [out], or undefined.
  const at::Tensor& bias() const { return bias_; }

  LayerTraits traits() const override {
    LayerTraits traits;
    traits.noise = LayerTraits::Noise::weights;
    return traits;
  }
  VarianceLayer* as_variance() override { return this; }
  at::Tensor forward(const at::Tensor& x, const Forward& how) override;
  std::vector<Parameter> parameters() override;
  void initialize(const NoiseKey& key) override;

  /// E b and Var b of the output for given weight means and variances (those of the layer, or
  /// masked ones), in the element type of x; no noise.
  at::Tensor output_mean(const at::Tensor& x, const at::Tensor& weight_mean) const;
  at::Tensor output_variance(const at::Tensor& x, const at::Tensor& weight_variance) const;
  Moments moments(const at::Tensor& x, const at::Tensor& weight_mean,
                  const at::Tensor& weight_variance) const {
    return {output_mean(x, weight_mean), output_variance(x, weight_variance)};
  }
  /// Those of the effective weights, by the form that executes them where one was lent.
  Moments effective_moments(const at::Tensor& x, WantedMoments wanted = {}) const;
  /// What forward draws its output from in a mode that draws; the mean is undefined where it is
  /// zero.
  Moments sampled_moments(const at::Tensor& x, Mode mode) const;

  /// sigma^2 of each weight, 0 where the mask drops it.
  at::Tensor weight_variance() const;
  /// The KL term in nats; of a prior that estimates it by samples: the estimate of this step.
  /// @param how its seed and member (the epoch) key the noise; @param step int64 [1] in the epoch
  at::Tensor kl(const Forward& how, const at::Tensor& step) const;

  /// Which weights are kept, bool, the weight's shape; undefined: all. A dropped weight has no
  /// variance and keeps the mean that is stored (zero, or its own where it was replaced by its
  /// mean): training moves neither it nor its theta, and the KL term leaves it out.
  const at::Tensor& mask() const { return mask_; }
  /// Takes a mask, or undefined: none. One that is there is overwritten in place, so that a
  /// captured step sees the new one. @throws Error shape.
  void set_mask(const at::Tensor& mask);
  /// Drops what `kept` does not keep beside what the mask drops already; dropped means become 0.
  void drop(const at::Tensor& kept);
  /// For Network::to alone: the mask moves with the weights.
  at::Tensor& mutable_mask() { return mask_; }

  /// Replaces effective means and variances by masked ones (pruned networks); undefined tensors:
  /// back to the layer's own.
  void override_weights(at::Tensor weight_mean, at::Tensor weight_variance) {
    pruned_mean_ = std::move(weight_mean);
    pruned_variance_ = std::move(weight_variance);
    form_ = nullptr;
  }
  /// Lends another way to compute with the masked weights, taken wherever no gradient is asked for;
  /// it stays until other weights come.
  void execute_by(std::shared_ptr<const MomentsForm> form) { form_ = std::move(form); }
  at::Tensor effective_mean() const;
  at::Tensor effective_variance() const {
    return pruned_variance_.defined() ? pruned_variance_ : weight_variance();
  }

 protected:
  /// @param weight shape of the weights, output units or channels first; @param dims their names
  /// @throws Error usage, naming the layer kind, where options contradict each other.
  VarianceLayer(std::string_view kind, const VarianceOptions& options, Shape weight,
                std::string dims);
  /// The layer's linear map of x with any weights of its shape, without a bias where undefined.
  virtual at::Tensor linear(const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias) const = 0;
  /// Half the width of the bias' initial values.
  virtual double bias_bound() const = 0;

 private:
  double weight_bound() const;
  bool has_means(Mode mode) const;
  /// The bias for every output of N images.
  at::Tensor bias_alone(std::int64_t images) const;

  VarianceOptions options_;
  Shape weight_;
  std::string dims_;
  std::unique_ptr<Parameterization> parameterization_;
  std::unique_ptr<Prior> prior_;
  mutable at::Tensor mean_;  // zeros where none are trained, made anew once theta has moved
  at::Tensor theta_;
  at::Tensor bias_;  // [out], or undefined
  at::Tensor mask_;
  at::Tensor pruned_mean_;
  at::Tensor pruned_variance_;
  std::shared_ptr<const MomentsForm> form_;
};

/// The options that a layer's spec gives, where those of its weights stand among its own.
/// @throws Error usage for a "nu" with a prior that has none.
void check_variance_options(const Json& spec, std::string_view kind);

}  // namespace varphase
