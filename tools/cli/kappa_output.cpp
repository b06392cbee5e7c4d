// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/cli/kappa_output.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/ranges.h>

#include "src/base/console.hpp"
#include "src/base/csv_table.hpp"

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

/// A weight's place in its layer: [3, 0, 2, 1].
std::vector<std::int64_t> index_of(std::int64_t weight, const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> index(shape.size());
  for (std::size_t d = shape.size(); d-- > 0;) {
    index[d] = weight % shape[d];
    weight /= shape[d];
  }
  return index;
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

KappaTable::KappaTable(double kappa0, bool by_class)
    : kappa0_(kappa0), by_class_(by_class), table_(columns(by_class)) {}

Json KappaTable::row(const KappaMap& map, const LayerKappa& layer, const KappaProof* proof,
                     std::int64_t samples) const {
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
        std::ceil(static_cast<double>(samples) * std::pow(relative / 0.01, 2));
    if (layer.has_variance()) row["uncertain"] = layer.uncertain(kappa0_);
  }
  if (proof != nullptr) {
    const HessianRows& rows = proof->rows;
    row["worst_relative_error"] = proof->worst_relative_error;
    row["rows"] = {{"rows", rows.rows},
                   {"asymmetry", rows.asymmetry},
                   {"direction_error", rows.direction_error},
                   {"largest_off_diagonal", rows.largest_off_diagonal},
                   {"diagonal_share", rows.diagonal_share}};
  }
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
    print_out("{}\n", table_.row({epoch, layer, label, count_text(row["images"]), over, weights,
                                  negative, zeros}));
  } else {
    print_out("{}\n", table_.row({epoch, layer, over, weights, negative, zeros,
                                  row["smooth"].get<std::string>()}));
  }
  const bool said = row["method"] != "closed form" && !by_class_;
  if (said) print_out("      {}", row["method"].get<std::string>());
  if (row.contains("relative_standard_error")) {
    print_out("{}standard error {:.2g} %, 1 % takes {} samples", said ? ": " : "      ",
              100 * row["relative_standard_error"].get<double>(),
              count_text(row["samples_for_1_percent"].get<std::int64_t>()));
    if (row.contains("uncertain"))
      print_out("; {} of the count within two of them", count_text(row["uncertain"]));
  }
  if (said || row.contains("relative_standard_error")) print_out("\n");
  if (proof != nullptr) {
    print_out("      verified {} entries: worst relative error {:.1e}\n", proof->entries,
              proof->worst_relative_error);
    print_rows(proof->rows);
  }
}

Json image_json(const std::vector<LayerImages>& layers, std::int64_t epoch) {
  Json list = Json::array();
  for (const LayerImages& layer : layers) {
    Json weights = Json::array();
    for (const WeightImages& weight : layer.weights) {
      Json images = Json::array();
      for (const ImageShare& image : weight.images)
        images.push_back({{"image", image.image},
                          {"label", image.label},
                          {"kappa", image.kappa},
                          {"share", image.share}});
      weights.push_back({{"weight", weight.weight},
                         {"index", index_of(weight.weight, layer.shape)},
                         {"kappa", weight.kappa},
                         {"effective_images", weight.effective_images},
                         {"images", images}});
    }
    list.push_back({{"epoch", epoch},
                    {"layer", layer.layer},
                    {"quantity", layer.has_variance ? "kappa" : "curvature"},
                    {"weights", weights}});
  }
  return list;
}

std::string image_csv(const std::vector<LayerImages>& layers, std::int64_t epoch) {
  std::string text =
      "epoch,layer,weight,kappa,effective_images,rank,image,label,image_kappa,share\n";
  for (const LayerImages& layer : layers) {
    for (const WeightImages& weight : layer.weights) {
      for (std::size_t k = 0; k < weight.images.size(); ++k) {
        const ImageShare& image = weight.images[k];
        text += fmt::format("{},{},{},{},{},{},{},{},{},{}\n", epoch, csv_cell(layer.layer),
                            weight.weight, csv_cell(weight.kappa),
                            csv_cell(weight.effective_images), k + 1, image.image, image.label,
                            csv_cell(image.kappa), csv_cell(image.share));
      }
    }
  }
  return text;
}

void print_images(const std::vector<LayerImages>& layers, std::int64_t epoch) {
  constexpr std::size_t kShown = 4;  // in 80 columns
  for (const LayerImages& layer : layers) {
    const char* quantity = layer.has_variance ? "kappa" : "curvature";
    print_out("\nepoch {}, {}: image (label) and its share of the largest {}\n", epoch, layer.layer,
              quantity);
    for (const WeightImages& weight : layer.weights) {
      print_out("  [{}] {} {:.4g}, as uneven as of {:.3g} equal images\n     ",
                fmt::join(index_of(weight.weight, layer.shape), ", "), quantity, weight.kappa,
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
