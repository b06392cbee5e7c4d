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

BatchNorm& batch_norm_behind(Network& network, std::size_t position) {
  auto& layers = network.layers();
  auto* norm =
      position + 1 < layers.size() ? dynamic_cast<BatchNorm*>(layers[position + 1].get()) : nullptr;
  VARPHASE_CHECK(norm != nullptr, ErrorKind::unsupported,
                 "--repair batch-norm: no batch norm follows {}", layers[position]->name());
  return *norm;
}

OutputStatistics output_statistics(const at::Tensor& m, const at::Tensor& v) {
  const at::Tensor wide = m.to(at::kDouble);
  const at::Tensor mean = wide.mean(0);
  return {mean, v.to(at::kDouble).mean(0) + (wide - mean).square().mean(0)};
}

}  // namespace varphase
