// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "src/layers/batch_norm.hpp"
#include "src/models/network.hpp"

namespace varphase {

/// Remembers what pruning changes in a network (the effective weights of variance layers, the statistics of batch
/// norms) and puts it back, at the latest in its destructor.
class Restore {
 public:
  explicit Restore(Network& network);
  ~Restore() { put_back(); }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;

  void put_back();

 private:
  struct Weights {
    VarianceLayer* layer;
    at::Tensor mean, variance;  // undefined: the layer's own
  };
  struct Norm {
    BatchNorm* norm;
    at::Tensor mean, var;
  };
  std::vector<Weights> weights_;
  std::vector<Norm> norms_;
};

}  // namespace varphase
