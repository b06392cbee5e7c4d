// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "analysis/kappa/image_shares.hpp"
#include "analysis/kappa/kappa_map.hpp"
#include "src/base/json.hpp"
#include "src/base/text_table.hpp"

namespace varphase {

/// What `kappa` prints of a layer's map, and how.
class KappaTable {
 public:
  KappaTable(double kappa0, bool by_class);

  std::string header() const { return table_.header(); }
  /// @param samples of an estimate, an image
  Json row(const KappaMap& map, const LayerKappa& layer, const KappaProof* proof,
           std::int64_t samples) const;
  /// The row, and a line for what else there is to say of it.
  void print(const Json& row, const KappaProof* proof) const;

 private:
  double kappa0_;
  bool by_class_;
  TextTable table_;
};

/// The images behind the largest weights, of one epoch: a list of layers.
Json image_json(const std::vector<LayerImages>& layers, std::int64_t epoch);
/// "epoch,layer,weight,kappa,effective_images,rank,image,label,image_kappa,share", a line an image.
std::string image_csv(const std::vector<LayerImages>& layers, std::int64_t epoch);
/// Two lines a weight.
void print_images(const std::vector<LayerImages>& layers, std::int64_t epoch);

}  // namespace varphase
