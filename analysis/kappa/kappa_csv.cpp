// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/kappa/kappa_csv.hpp"

#include <cmath>

#include <fmt/format.h>

#include "analysis/kappa/csv_table.hpp"

namespace varphase {

std::string histogram_csv(std::span<const KappaMap> maps) {
  std::string text = "epoch,layer,log10_from,log10_to,count\n";
  for (const KappaMap& map : maps) {
    for (const LayerKappa& layer : map.layers) {
      text += histogram_csv_rows(layer.histogram(),
                                 fmt::format("{},{},", map.epoch, csv_cell(layer.layer)));
    }
  }
  return text;
}

std::string class_histogram_csv(std::span<const KappaMap> maps) {
  std::string text = "epoch,class,layer,log10_from,log10_to,count\n";
  for (const KappaMap& map : maps) {
    for (const LayerKappa& layer : map.layers) {
      text += histogram_csv_rows(
          layer.histogram(),
          fmt::format("{},{},{},", map.epoch, map.label.value(), csv_cell(layer.layer)));
    }
  }
  return text;
}

std::string kappa_summary_csv(std::span<const KappaMap> maps, double kappa0) {
  std::string text =
      "epoch,layer,weights,over,log10_kappa0,zeros,negative,underflow,overflow,non_finite\n";
  for (const KappaMap& map : maps) {
    for (const LayerKappa& layer : map.layers) {
      const LogHistogram h = layer.histogram();
      text += fmt::format("{},{},{},{},{},{},{},{},{},{}\n", map.epoch, csv_cell(layer.layer),
                          layer.count(), layer.over(kappa0), std::log10(kappa0), h.zeros,
                          h.negative, h.underflow, h.overflow, h.non_finite);
    }
  }
  return text;
}

}  // namespace varphase
