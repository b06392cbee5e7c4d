// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "analysis/kappa/kappa_map.hpp"
#include "src/base/json.hpp"
#include "src/base/text_table.hpp"

namespace varphase {

/// What `kappa` prints of a layer's map, and how.
class KappaTable {
 public:
  /// @param samples of an estimate, an image
  KappaTable(double kappa0, std::int64_t samples, bool by_class);

  std::string header() const { return table_.header(); }
  Json row(const KappaMap& map, const LayerKappa& layer, const KappaProof* proof) const;
  /// The row, and a line for what else there is to say of it.
  void print(const Json& row, const KappaProof* proof) const;

 private:
  double kappa0_;
  std::int64_t samples_;
  bool by_class_;
  TextTable table_;
};

}  // namespace varphase
