// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/cli/kappa_tables.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/ranges.h>

#include "src/base/console.hpp"
#include "tools/app/image_share_files.hpp"

namespace varphase {
namespace {

std::vector<TextTable::Column> columns(bool by_class) {
  if (!by_class)
    return {{"epoch", 5},     {"layer", 8}, {"over kappa_0", 12}, {"of", 10},
            {"negative", 10}, {"zero", 9},  {"smooth", 10}};
  return {{"epoch", 5},         {"layer", 8}, {"class", 5},    {"images", 7},
          {"over kappa_0", 12}, {"of", 9},    {"negative", 9}, {"zero", 9}};
}

/// Whole rows of the Hessian: are they right, and how far is the diagonal from them?
void print_rows(const HessianRows& rows) {
  if (rows.rows == 0) return;
  print_out("      {} whole rows: asymmetry {:.1e}, along a direction off by {:.1e};\n", rows.rows,
            rows.asymmetry, rows.direction_error);
  if (std::isnan(rows.diagonal_share)) {
    print_out("      their diagonal entries are 0\n");
  } else {
    print_out("      off the diagonal up to {:.2g} times it; it has {:.2g} % of a row's squares\n",
              rows.largest_off_diagonal, 100 * rows.diagonal_share);
  }
}

}  // namespace

KappaTable::KappaTable(bool by_class) : by_class_(by_class), table_(columns(by_class)) {}

void KappaTable::print(const KappaRow& row) const {
  const std::string epoch = std::to_string(row.epoch),
                    over = row.over ? count_text(*row.over) : "-",
                    weights = count_text(row.weights), negative = count_text(row.negative),
                    zeros = count_text(row.zeros);
  if (by_class_) {
    const std::string label = row.label ? std::to_string(*row.label) : "all";
    print_out("{}\n", table_.row({epoch, row.layer, label, count_text(row.images), over, weights,
                                  negative, zeros}));
  } else {
    print_out("{}\n", table_.row({epoch, row.layer, over, weights, negative, zeros, row.smooth}));
  }
  const bool said = row.method != "closed form" && !by_class_;
  if (said) print_out("      {}", row.method);
  if (row.relative_standard_error) {
    print_out("{}standard error {:.2g} %, 1 % takes {} samples", said ? ": " : "      ",
              100 * *row.relative_standard_error,
              count_text(static_cast<std::int64_t>(row.samples_for_1_percent)));
    if (row.uncertain)
      print_out("; {} of the count within two of them", count_text(*row.uncertain));
  }
  if (said || row.relative_standard_error) print_out("\n");
  if (row.proof) {
    print_out("      verified {} entries: worst relative error {:.1e}\n", row.proof->entries,
              row.proof->worst_relative_error);
    print_rows(row.proof->rows);
  }
}

void print_images(const std::vector<LayerImages>& layers, std::int64_t epoch) {
  constexpr std::size_t kShown = 4;  // in 80 columns
  for (const LayerImages& layer : layers) {
    const char* quantity = layer.has_variance ? "kappa" : "curvature";
    print_out("\nepoch {}, {}: image (label) and its share of the largest {}\n", epoch, layer.layer,
              quantity);
    for (const WeightImages& weight : layer.weights) {
      print_out("  [{}] {} {:.4g}, as uneven as of {:.3g} equal images\n     ",
                fmt::join(weight_index(weight.weight, layer.shape), ", "), quantity, weight.kappa,
                weight.effective_images);
      for (std::size_t k = 0; k < std::min(kShown, weight.images.size()); ++k) {
        const ImageShare& image = weight.images[k];
        print_out("{} {} ({}) {:.3g} %", k == 0 ? "" : ",", image.image, image.label,
                  100 * image.share);
      }
      print_out("\n");
    }
  }
}

}  // namespace varphase
