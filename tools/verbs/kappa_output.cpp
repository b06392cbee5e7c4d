// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/verbs/kappa_output.hpp"

#include <cmath>

#include <fmt/format.h>

namespace varphase {
namespace {

std::vector<TextTable::Column> columns(bool by_class) {
  if (!by_class)
    return {{"epoch", 5},     {"layer", 8}, {"over kappa_0", 12}, {"of", 10},
            {"negative", 10}, {"zero", 9},  {"smooth", 10}};
  return {{"epoch", 5},         {"layer", 8}, {"class", 5},    {"images", 7},
          {"over kappa_0", 12}, {"of", 9},    {"negative", 9}, {"zero", 9}};
}

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

KappaTable::KappaTable(double kappa0, std::int64_t samples, bool by_class)
    : kappa0_(kappa0), samples_(samples), by_class_(by_class), table_(columns(by_class)) {}

Json KappaTable::row(const KappaMap& map, const LayerKappa& layer, const KappaProof* proof) const {
  const LogHistogram histogram = layer.histogram();
  Json row{{"epoch", map.epoch},       {"layer", layer.layer},
           {"weights", layer.count()}, {"negative", histogram.negative},
           {"zeros", histogram.zeros}, {"smooth", layer.smooth},
           {"method", layer.method},   {"factors", layer.factors}};
  if (by_class_) {
    row["class"] = map.label ? Json(*map.label) : Json();
    row["images"] = map.images;
  }
  row["over"] = layer.has_variance() ? Json(layer.over(kappa0_)) : Json();
  if (!layer.standard_error.empty()) {
    const double relative = relative_error(layer);
    row["relative_standard_error"] = relative;
    row["samples_for_1_percent"] =
        std::ceil(static_cast<double>(samples_) * std::pow(relative / 0.01, 2));
    if (layer.has_variance()) row["uncertain"] = layer.uncertain(kappa0_);
  }
  if (proof != nullptr) row["worst_relative_error"] = proof->worst_relative_error;
  return row;
}

void KappaTable::print(const Json& row, const KappaProof* proof) const {
  const std::string epoch = std::to_string(row["epoch"].get<std::int64_t>()),
                    layer = row["layer"].get<std::string>(),
                    over = row["over"].is_null() ? "-" : count_text(row["over"]),
                    weights = count_text(row["weights"]), negative = count_text(row["negative"]),
                    zeros = count_text(row["zeros"]);
  if (by_class_) {
    const std::string label =
        row["class"].is_null() ? "all" : std::to_string(row["class"].get<std::int64_t>());
    fmt::print("{}\n", table_.row({epoch, layer, label, count_text(row["images"]), over, weights,
                                   negative, zeros}));
  } else {
    fmt::print("{}\n", table_.row({epoch, layer, over, weights, negative, zeros,
                                   row["smooth"].get<std::string>()}));
  }
  const bool said = row["method"] != "closed form" && !by_class_;
  if (said) fmt::print("      {}", row["method"].get<std::string>());
  if (row.contains("relative_standard_error")) {
    fmt::print("{}standard error {:.2g} %, 1 % takes {} samples", said ? ": " : "      ",
               100 * row["relative_standard_error"].get<double>(),
               count_text(row["samples_for_1_percent"].get<std::int64_t>()));
    if (row.contains("uncertain"))
      fmt::print("; {} of the count within two of them", count_text(row["uncertain"]));
  }
  if (said || row.contains("relative_standard_error")) fmt::print("\n");
  if (proof != nullptr) {
    fmt::print("      verified {} entries: worst relative error {:.1e}\n", proof->entries,
               proof->worst_relative_error);
  }
}

}  // namespace varphase
