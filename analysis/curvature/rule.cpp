// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/curvature/rule.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>

#include "src/base/error.hpp"

namespace varphase {

// Each is defined in its rule's file.
using MakeRule = std::unique_ptr<CurvatureRule>(const RuleSource& source);
MakeRule make_dense_rule;
MakeRule make_conv_rule;
MakeRule make_avg_pool_rule;
MakeRule make_batch_norm_rule;
MakeRule make_activation_rule;
MakeRule make_max_pool_rule;
MakeRule make_identity_rule;

const Registry<RuleFactory>& curvature_rules() {
  static const Registry<RuleFactory> table{"rule of curvature for a layer",
                                           {{"conv2d", make_conv_rule},
                                            {"variance_conv2d", make_conv_rule},
                                            {"dense", make_dense_rule},
                                            {"variance_dense", make_dense_rule},
                                            {"batch_norm", make_batch_norm_rule},
                                            {"max_pool", make_max_pool_rule},
                                            {"avg_pool", make_avg_pool_rule},
                                            {"flatten", make_identity_rule},
                                            {"dropout", make_identity_rule},
                                            {"gaussian_dropout", make_identity_rule},
                                            {"relu", make_activation_rule},
                                            {"leaky_relu", make_activation_rule},
                                            {"softplus", make_activation_rule},
                                            {"tanh", make_activation_rule},
                                            {"sigmoid", make_activation_rule},
                                            {"silu", make_activation_rule},
                                            {"gelu", make_activation_rule},
                                            {"abs", make_activation_rule}}};
  return table;
}

void require_rule(const Layer& layer) {
  const std::string kind(layer.kind());
  VARPHASE_CHECK(curvature_rules().contains(kind), ErrorKind::unsupported,
                 "{}: layers of kind {} have no rule of curvature yet: there is no kappa of layers "
                 "in front of it",
                 layer.name(), kind);
}

std::unique_ptr<CurvatureRule> make_rule(const RuleSource& source) {
  require_rule(source.layer);
  return curvature_rules().at(source.layer.kind())(source);
}

at::Tensor LinearRule::rows(const at::Tensor& unit, const at::Tensor& scale) const {
  Shape shape = output_shape();
  at::Tensor one_hot =
      at::zeros({unit.size(0), unit.size(1), element_count(shape)}, scale.options());
  one_hot.scatter_(2, unit.unsqueeze(2), scale.unsqueeze(2));
  shape.insert(shape.begin(), {unit.size(0), unit.size(1)});
  return pull(one_hot.view(shape));
}

WeightAndBias weight_and_bias(const RuleSource& source) {
  WeightAndBias found = weight_and_bias(source.layer);
  found.weight = found.weight.detach().to(source.type).contiguous();
  if (found.bias.defined()) found.bias = found.bias.detach().to(source.type).contiguous();
  return found;
}

}  // namespace varphase
