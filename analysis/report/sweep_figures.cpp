// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/sweep_figures.hpp"

#include <tuple>

#include "analysis/report/figure_data.hpp"

namespace varphase {
namespace {

Json numbers_at(const Json& object, std::initializer_list<const char*> keys) {
  Json numbers = Json::object();
  for (const char* key : keys) numbers[key] = number_at(object, key);
  return numbers;
}

Json chosen_data(const Json& choice, std::size_t rows) {
  const Json row = number_at(choice, "row");
  if (!row.is_number_integer() || row.get<std::int64_t>() < 0 ||
      row.get<std::int64_t>() >= static_cast<std::int64_t>(rows))
    return {};
  return {{"row", row},
          {"rule", text_at(choice, "rule")},
          {"split", text_at(choice, "split")},
          {"test", numbers_at(value_at(choice, "test"),
                              {"images", "accuracy", "difference", "difference_se"})}};
}

}  // namespace

Json sweep_data(const std::string& file, const Json& sweep) {
  Json rows = Json::array(), layers = Json::array();
  if (value_at(sweep, "layers").is_array()) {
    for (const Json& layer : value_at(sweep, "layers"))
      if (layer.is_string()) layers.push_back(layer);
  }
  for (const Json& row : value_at(sweep, "rows")) {
    Json clean = numbers_at(
        row, {"log10_threshold", "wanted_sparsity", "sparsity", "network_sparsity", "kept",
              "accuracy", "accuracy_se", "difference", "difference_se", "nll", "bytes"});
    for (const char* key : {"criterion", "replace", "repair"}) clean[key] = text_at(row, key);
    clean["kept_by_layer"] = Json::array();
    for (const Json& layer : layers)
      clean["kept_by_layer"].push_back(
          number_at(value_at(row, "kept_by_layer"), layer.get<std::string>().c_str()));
    rows.push_back(std::move(clean));
  }
  Json data{
      {"file", file},
      {"epoch", number_at(sweep, "epoch")},
      {"samples", number_at(sweep, "samples")},
      {"predicted_images", number_at(sweep, "predicted_images")},
      {"full", numbers_at(value_at(sweep, "full"), {"accuracy", "accuracy_se", "nll", "bytes"})},
      {"chosen", chosen_data(value_at(sweep, "chosen"), rows.size())}};
  for (const char* key : {"layer", "criterion", "smooth", "split"}) data[key] = text_at(sweep, key);
  data["layers"] = std::move(layers);
  data["rows"] = std::move(rows);
  return data;
}

Json leading_sweep(const Json& sweeps) {
  Json best;
  const auto rank = [](const Json& sweep) {
    return std::tuple(!sweep["chosen"].is_null(), sweep["criterion"] != "several",
                      sweep["epoch"].is_null() ? -1.0 : sweep["epoch"].get<double>());
  };
  for (std::size_t at = 0; at < sweeps.size(); ++at) {
    if (best.is_null() || rank(sweeps[at]) >= rank(sweeps[best.get<std::size_t>()])) best = at;
  }
  return best;
}

}  // namespace varphase
