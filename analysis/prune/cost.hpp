// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/base/json.hpp"

namespace varphase {

/// Multiply-adds that one image takes for products with weights; batch norm, activations and pooling are left out.
struct MultiplyAdds {
  std::int64_t mean = 0;     // of the means: what the deterministic network takes
  std::int64_t moments = 0;  // of means and variances: what one pass of the ensemble takes
};

/// {"mean": ..., "moments": ...}
Json to_json(const MultiplyAdds& adds);

/// What a pruned layer costs, beside the layer before pruning.
struct LayerCost {
  std::string layer;
  std::int64_t weights = 0, kept = 0;
  std::int64_t dense_bytes = 0;  // means alone, 4 bytes each
  /// in the pruned file: values, and the indices or mask that say where they belong
  std::int64_t stored_bytes = 0;
  MultiplyAdds full, pruned;

  double sparsity() const;
  double weight_compression() const;  // weights / kept ones, infinite where none is kept
  double byte_compression() const;    // with the bytes of variances and indices
};

struct NetworkCost {
  std::vector<LayerCost> layers;  // the pruned ones
  MultiplyAdds full, pruned;      // of the whole network
};

}  // namespace varphase
