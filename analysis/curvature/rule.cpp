// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/curvature/rule.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>

#include "src/layers/variance_layer.hpp"

namespace varphase {

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
                                            {"abs", make_activation_rule}}};
  return table;
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
  WeightAndBias found;
  if (auto* variance = dynamic_cast<VarianceLayer*>(&source.layer))
    found.weight = variance->effective_mean();
  for (const Parameter& parameter : source.layer.parameters()) {
    if (parameter.name == "weight") found.weight = *parameter.tensor;
    if (parameter.name == "bias") found.bias = *parameter.tensor;
  }
  found.weight = found.weight.detach().to(source.type).contiguous();
  if (found.bias.defined()) found.bias = found.bias.detach().to(source.type).contiguous();
  return found;
}

}  // namespace varphase
