// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/kappa_row.hpp"

#include <cmath>

namespace varphase {
namespace {

/// Norm of the standard errors over the norm of the curvature.
double relative_error(const LayerKappa& layer) {
  double error = 0, size = 0;
  for (std::size_t i = 0; i < layer.standard_error.size(); ++i) {
    error += std::pow(static_cast<double>(layer.standard_error[i]), 2);
    size += std::pow(static_cast<double>(layer.hessian_diagonal[i]), 2);
  }
  return size > 0 ? std::sqrt(error / size) : 0;
}

}  // namespace

KappaRow kappa_row(const KappaMap& map, const LayerKappa& layer, const KappaProof* proof,
                   double kappa0, std::int64_t samples) {
  const LogHistogram histogram = layer.histogram();
  KappaRow row;
  row.epoch = map.epoch;
  row.layer = layer.layer;
  row.label = map.label;
  row.images = map.images;
  row.weights = layer.count();
  row.negative = histogram.negative;
  row.zeros = histogram.zeros;
  if (layer.has_variance()) row.over = layer.over(kappa0);
  row.smooth = layer.smooth;
  row.method = layer.method;
  row.factors = layer.factors;
  if (!layer.standard_error.empty()) {
    const double relative = relative_error(layer);
    row.relative_standard_error = relative;
    row.samples_for_1_percent =
        std::ceil(static_cast<double>(samples) * std::pow(relative / 0.01, 2));
    if (layer.has_variance()) row.uncertain = layer.uncertain(kappa0);
  }
  if (proof != nullptr) row.proof = *proof;
  return row;
}

Json to_json(const KappaRow& row, bool by_class) {
  Json json{{"epoch", row.epoch},       {"layer", row.layer},    {"weights", row.weights},
            {"negative", row.negative}, {"zeros", row.zeros},    {"smooth", row.smooth},
            {"method", row.method},     {"factors", row.factors}};
  if (by_class) {
    json["class"] = row.label ? Json(*row.label) : Json();
    json["images"] = row.images;
  }
  json["over"] = row.over ? Json(*row.over) : Json();
  if (row.relative_standard_error) {
    json["relative_standard_error"] = *row.relative_standard_error;
    json["samples_for_1_percent"] = row.samples_for_1_percent;
    if (row.uncertain) json["uncertain"] = *row.uncertain;
  }
  if (row.proof) {
    const HessianRows& rows = row.proof->rows;
    json["worst_relative_error"] = row.proof->worst_relative_error;
    json["rows"] = {{"rows", rows.rows},
                    {"asymmetry", rows.asymmetry},
                    {"direction_error", rows.direction_error},
                    {"largest_off_diagonal", rows.largest_off_diagonal},
                    {"diagonal_share", rows.diagonal_share}};
  }
  return json;
}

}  // namespace varphase
