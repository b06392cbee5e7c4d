// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/distributed/rank_sums.hpp"

#include <ATen/ops/empty.h>

namespace varphase {

RankSums::RankSums(const std::vector<std::int64_t>& lengths, const at::TensorOptions& options) {
  for (const std::int64_t length : lengths) {
    own_.push_back(at::empty({length}, options));
    sum_.push_back(options.dtype() == at::kFloat ? own_.back()
                                                 : at::empty({length}, options.dtype(at::kFloat)));
  }
}

void RankSums::widen(std::size_t i) {
  if (!sum_[i].is_same(own_[i])) sum_[i].copy_(own_[i]);
}

}  // namespace varphase
