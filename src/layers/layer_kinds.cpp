// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/layers/layer.hpp"

namespace varphase {

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
       {"abs", {make_abs, "abs"}}}};
  return table;
}

}  // namespace varphase
