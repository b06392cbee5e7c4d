// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/repair.hpp"

#include <ATen/TensorOperators.h>

#include "src/base/registry.hpp"

namespace varphase {
namespace {

const Registry<Repair>& table() {
  static const Registry<Repair> rows{"repair",
                                     {{"none", Repair::none}, {"batch-norm", Repair::batch_norm}}};
  return rows;
}

}  // namespace

std::string repair_name(Repair repair) { return repair == Repair::none ? "none" : "batch-norm"; }
Repair repair_from_name(const std::string& name) { return table().at(name); }

OutputStatistics output_statistics(const at::Tensor& m, const at::Tensor& v) {
  const at::Tensor wide = m.to(at::kDouble);
  const at::Tensor mean = wide.mean(0);
  return {mean, v.to(at::kDouble).mean(0) + (wide - mean).square().mean(0)};
}

}  // namespace varphase
