// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "analysis/kappa/kappa_map.hpp"

namespace varphase {

/// Sum of maps over disjoint images of one checkpoint, such as those of its classes: the map of all of these images.
/// Memory: one map in float64.
class MapSum {
 public:
  /// @throws Error format where a map has other layers than the first.
  void add(const KappaMap& map);
  /// Curvature and, of estimates, its standard error, of every layer; none where nothing was added.
  KappaMap take() const;

 private:
  struct Sums {
    std::vector<double> hessian, error_variance;
  };
  KappaMap map_;  // the first one, without a label
  std::vector<Sums> sums_;
};

}  // namespace varphase
