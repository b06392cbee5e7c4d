// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/kappa/map_sum.hpp"

#include <algorithm>
#include <cmath>

#include "src/base/error.hpp"

namespace varphase {
namespace {

template <class Map>
auto layers_of(Map& map) {
  std::vector<decltype(map.layers.data())> list;
  for (auto* layers : {&map.layers, &map.plain_layers}) {
    for (auto& layer : *layers) list.push_back(&layer);
  }
  return list;
}

}  // namespace

void MapSum::add(const KappaMap& map) {
  const auto layers = layers_of(map);
  if (sums_.empty()) {
    map_ = map;
    map_.images = 0;
    map_.label.reset();
    map_.proofs.clear();
    map_.plain_proofs.clear();
    for (const LayerKappa* layer : layers) {
      Sums zero;
      zero.hessian.assign(layer->hessian_diagonal.size(), 0);
      zero.error_variance.assign(layer->standard_error.size(), 0);
      sums_.push_back(std::move(zero));
    }
  }
  const auto first = layers_of(map_);
  VARPHASE_CHECK(first.size() == layers.size(), ErrorKind::format,
                 "a map of {} layers is added to one of {}", layers.size(), first.size());
  map_.images += map.images;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const LayerKappa& layer = *layers[l];
    Sums& sums = sums_[l];
    VARPHASE_CHECK(layer.layer == first[l]->layer && layer.shape == first[l]->shape &&
                       layer.standard_error.size() == sums.error_variance.size(),
                   ErrorKind::format, "a map of layer {} is added to one of {} or another shape",
                   layer.layer, first[l]->layer);
    first[l]->factors = std::max(first[l]->factors, layer.factors);
    for (std::size_t i = 0; i < sums.hessian.size(); ++i)
      sums.hessian[i] += static_cast<double>(layer.hessian_diagonal[i]);
    for (std::size_t i = 0; i < sums.error_variance.size(); ++i)
      sums.error_variance[i] += std::pow(static_cast<double>(layer.standard_error[i]), 2);
  }
}

KappaMap MapSum::take() const {
  KappaMap map = map_;
  const auto layers = layers_of(map);
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const Sums& sums = sums_[l];
    layers[l]->hessian_diagonal.assign(sums.hessian.begin(), sums.hessian.end());
    for (std::size_t i = 0; i < sums.error_variance.size(); ++i)
      layers[l]->standard_error[i] = static_cast<float>(std::sqrt(sums.error_variance[i]));
    layers[l]->gauss_newton.clear();
    layers[l]->gradient.clear();
    layers[l]->fisher.clear();
  }
  return map;
}

}  // namespace varphase
