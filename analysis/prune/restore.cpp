// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/restore.hpp"

namespace varphase {

Restore::Restore(Network& network) {
  for (VarianceLayer* layer : network.variance_layers()) {
    const at::Tensor mean = layer->effective_mean();
    const bool own = mean.is_same(layer->mean());
    weights_.push_back(
        {layer, own ? at::Tensor() : mean, own ? at::Tensor() : layer->effective_variance()});
  }
  for (Layer* layer : network.modules()) {
    if (BatchNorm* norm = layer->as_batch_norm())
      norms_.push_back({norm, norm->running_mean(), norm->running_var()});
  }
}

void Restore::put_back() {
  for (const Weights& own : weights_) own.layer->override_weights(own.mean, own.variance);
  for (const Norm& own : norms_) own.norm->set_statistics(own.mean, own.var);
}

}  // namespace varphase
