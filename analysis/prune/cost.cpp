// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/cost.hpp"

#include "analysis/sparse/sparse_model.hpp"

namespace varphase {

Json to_json(const MultiplyAdds& adds) { return {{"mean", adds.mean}, {"moments", adds.moments}}; }

double LayerCost::sparsity() const {
  return static_cast<double>(weights - kept) / static_cast<double>(weights);
}
double LayerCost::weight_compression() const { return compression(sparsity()); }
double LayerCost::byte_compression() const {
  return static_cast<double>(dense_bytes) / static_cast<double>(stored_bytes);
}

}  // namespace varphase
