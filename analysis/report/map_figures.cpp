// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/map_figures.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

namespace varphase {
namespace {

constexpr std::size_t kMostBlockRows = 64, kMostBlockColumns = 96, kMostNeurons = 512;

/// |kappa| as a matrix of outputs by everything else.
struct Matrix {
  std::size_t rows = 0, columns = 0;
  std::vector<double> values;
};

Matrix matrix_of(const LayerKappa& layer) {
  Matrix matrix;
  matrix.rows = layer.shape.empty() ? 1 : static_cast<std::size_t>(layer.shape.front());
  matrix.columns = matrix.rows == 0 ? 0 : static_cast<std::size_t>(layer.count()) / matrix.rows;
  matrix.values.reserve(static_cast<std::size_t>(layer.count()));
  for (std::int64_t i = 0; i < layer.count(); ++i)
    matrix.values.push_back(std::abs(layer.kappa(i)));
  return matrix;
}

std::vector<std::size_t> falling(const std::vector<double>& sums) {
  std::vector<std::size_t> order(sums.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return sums[a] > sums[b]; });
  return order;
}

double rounded(double value) { return std::round(100 * value) / 100; }

/// log10 of the largest value of each block. @param row_of, column_of  which of the matrix stands there
Json blocks(const Matrix& matrix, const std::vector<std::size_t>& row_of,
            const std::vector<std::size_t>& column_of) {
  const std::size_t rows = std::min(matrix.rows, kMostBlockRows);
  const std::size_t columns = std::min(matrix.columns, kMostBlockColumns);
  std::vector<double> largest(rows * columns, 0);
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    const double* from = matrix.values.data() + row_of[r] * matrix.columns;
    double* into = largest.data() + (r * rows / matrix.rows) * columns;
    for (std::size_t c = 0; c < matrix.columns; ++c) {
      double& most = into[c * columns / matrix.columns];
      most = std::max(most, from[column_of[c]]);
    }
  }
  Json list = Json::array();
  for (std::size_t r = 0; r < rows; ++r) {
    Json row = Json::array();
    for (std::size_t c = 0; c < columns; ++c) {
      const double most = largest[r * columns + c];
      row.push_back(most > 0 ? Json(rounded(std::log10(most))) : Json());
    }
    list.push_back(std::move(row));
  }
  return list;
}

/// Three digits are more than a figure shows.
double three_digits(double value) {
  if (value == 0 || !std::isfinite(value)) return 0;
  const double scale = std::pow(10, 2 - std::floor(std::log10(std::abs(value))));
  return std::round(value * scale) / scale;
}

}  // namespace

Json layer_map_data(const LayerKappa& layer, std::int64_t epoch, const KappaProof* proof) {
  const Matrix matrix = matrix_of(layer);
  std::vector<double> of_row(matrix.rows, 0), of_column(matrix.columns, 0);
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    for (std::size_t c = 0; c < matrix.columns; ++c) {
      const double value = matrix.values[r * matrix.columns + c];
      of_row[r] += value;
      of_column[c] += value;
    }
  }
  const std::vector<std::size_t> rows = falling(of_row), columns = falling(of_column);
  std::vector<std::size_t> own_rows(matrix.rows), own_columns(matrix.columns);
  std::iota(own_rows.begin(), own_rows.end(), std::size_t{0});
  std::iota(own_columns.begin(), own_columns.end(), std::size_t{0});
  Json neurons = Json::array();
  const std::size_t shown = std::min(matrix.rows, kMostNeurons);
  for (std::size_t i = 0; i < shown; ++i)
    neurons.push_back(three_digits(of_row[rows[i * matrix.rows / shown]]));
  Json data{{"layer", layer.layer},
            {"epoch", epoch},
            {"shape", layer.shape},
            {"weights", layer.count()},
            {"plain", blocks(matrix, own_rows, own_columns)},
            {"sorted", blocks(matrix, rows, columns)},
            {"neurons", neurons},
            {"proof", nullptr}};
  if (proof != nullptr)
    data["proof"] = {{"entries", proof->entries}, {"worst", proof->worst_relative_error}};
  return data;
}

Json class_map_data(const KappaMap& map, double kappa0) {
  Json layers = Json::array();
  for (const LayerKappa& layer : map.layers) {
    double sum = 0;
    for (std::int64_t i = 0; i < layer.count(); ++i) sum += std::abs(layer.kappa(i));
    layers.push_back(
        {{"layer", layer.layer}, {"sum", three_digits(sum)}, {"over", layer.over(kappa0)}});
  }
  return {
      {"label", map.label ? Json(*map.label) : Json()}, {"epoch", map.epoch}, {"layers", layers}};
}

}  // namespace varphase
