// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "analysis/kappa/layer_images.hpp"
#include "src/base/text_table.hpp"
#include "tools/app/kappa_row.hpp"

namespace varphase {

/// What `kappa` prints of a layer's map.
class KappaTable {
 public:
  explicit KappaTable(bool by_class);

  std::string header() const { return table_.header(); }
  /// The row, and a line for what else there is to say of it.
  void print(const KappaRow& row) const;

 private:
  bool by_class_;
  TextTable table_;
};

/// The images behind the largest weights: two lines a weight.
void print_images(const std::vector<LayerImages>& layers, std::int64_t epoch);

}  // namespace varphase
