// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/layers/layer.hpp"

namespace varphase {

// Each is defined in its layer's file.
using MakeLayer = std::unique_ptr<Layer>(const Json& options, const Shape& input);
MakeLayer make_conv2d;
MakeLayer make_variance_conv2d;
MakeLayer make_dense;
MakeLayer make_variance_dense;
MakeLayer make_batch_norm;
MakeLayer make_max_pool;
MakeLayer make_avg_pool;
MakeLayer make_flatten;
MakeLayer make_dropout;
MakeLayer make_gaussian_dropout;
MakeLayer make_relu;
MakeLayer make_leaky_relu;
MakeLayer make_softplus;
MakeLayer make_tanh;
MakeLayer make_sigmoid;
MakeLayer make_silu;
MakeLayer make_gelu;
MakeLayer make_abs;

const Registry<LayerKind>& layer_kinds() {
  static const Registry<LayerKind> table{
      "layer",
      {{"conv2d", {make_conv2d, "conv"}},
       {"variance_conv2d", {make_variance_conv2d, "conv"}},
       {"dense", {make_dense, "dense"}},
       {"variance_dense", {make_variance_dense, "dense"}},
       {"batch_norm", {make_batch_norm, "batch_norm"}},
       {"max_pool", {make_max_pool, "max_pool"}},
       {"avg_pool", {make_avg_pool, "avg_pool"}},
       {"flatten", {make_flatten, "flatten"}},
       {"dropout", {make_dropout, "dropout"}},
       {"gaussian_dropout", {make_gaussian_dropout, "gaussian_dropout"}},
       {"relu", {make_relu, "relu"}},
       {"leaky_relu", {make_leaky_relu, "leaky_relu"}},
       {"softplus", {make_softplus, "softplus"}},
       {"tanh", {make_tanh, "tanh"}},
       {"sigmoid", {make_sigmoid, "sigmoid"}},
       {"silu", {make_silu, "silu"}},
       {"gelu", {make_gelu, "gelu"}},
       {"abs", {make_abs, "abs"}}}};
  return table;
}

}  // namespace varphase
