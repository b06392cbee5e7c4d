// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/figure_data.hpp"

#include <cmath>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "analysis/report/attack_figures.hpp"
#include "analysis/report/image_figures.hpp"
#include "analysis/report/prediction_figures.hpp"
#include "analysis/report/shown_text.hpp"
#include "analysis/report/sweep_figures.hpp"
#include "analysis/report/transition_marks.hpp"
#include "analysis/report/uncertainty_figures.hpp"

namespace varphase {
namespace {

constexpr const char* kPredictions[] = {"deterministic", "stochastic", "ensemble", "zero_mean"};

Json finite(double value) { return std::isfinite(value) ? Json(value) : Json(); }

/// Rows of metrics.csv in the order of their epochs, one for each.
std::map<std::int64_t, const std::vector<double>*> rows_by_epoch(const CsvTable& table) {
  std::map<std::int64_t, const std::vector<double>*> rows;
  std::size_t column = 0;
  while (column < table.columns.size() && table.columns[column] != "epoch") ++column;
  if (column == table.columns.size()) return rows;
  for (const std::vector<double>& row : table.rows) {
    if (std::isfinite(row[column]) && std::abs(row[column]) < 1e15) {
      rows[static_cast<std::int64_t>(row[column])] = &row;
    }
  }
  return rows;
}

Json metrics_data(const CsvTable& table, const std::string& split) {
  const auto rows = rows_by_epoch(table);
  if (rows.empty()) return {};
  const auto column = [&](const std::string& name) {
    Json values = Json::array();
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      if (table.columns[c] != name) continue;
      for (const auto& [epoch, row] : rows) values.push_back(finite((*row)[c]));
      return values;
    }
    return Json();
  };
  Json epochs = Json::array();
  for (const auto& [epoch, row] : rows) epochs.push_back(epoch);
  Json accuracy = Json::object();
  Json nll = Json::object();
  for (const std::string prediction : kPredictions) {
    accuracy[prediction] = column(split + "_accuracy_" + prediction);
    nll[prediction] = column(split + "_nll_" + prediction);
  }
  Json log_alpha = Json::array();
  for (const std::string& name : table.columns) {
    if (name.rfind(kLogAlphaColumn, 0) == 0) {
      log_alpha.push_back(
          {{"layer", name.substr(kLogAlphaColumn.size())}, {"values", column(name)}});
    }
  }
  return {{"epoch", epochs},
          {"accuracy", accuracy},
          {"nll", nll},
          {"objective", {{"nll", column("nll")}, {"kl", column("kl")}, {"elbo", column("elbo")}}},
          {"log_alpha", log_alpha},
          {"kl_weight", column("kl_weight")}};
}

Json transition_data(const Transition& transition) {
  Json epochs = Json::array();
  Json over = Json::array();
  std::int64_t weights = 0;
  for (const std::int64_t count : transition.weights) weights += count;
  for (const TransitionRow& row : transition.rows) {
    epochs.push_back(row.epoch);
    const auto total = row.over_total();
    over.push_back(total ? Json(*total) : Json());
  }
  const std::optional<bool> low_variance = transition.low_variance_phase();
  Json marks = Json::array();
  for (const TransitionMark& mark : transition_marks(transition)) {
    marks.push_back({{"epoch", mark.epoch},
                     {"kind", mark.kind},
                     {"layer", mark.layer},
                     {"label", mark.label},
                     {"first", mark.first}});
  }
  return {{"kappa0", transition.rules.kappa0},
          {"onset", transition.onset ? Json(*transition.onset) : Json()},
          {"drop", transition.drop ? Json(*transition.drop) : Json()},
          {"gap", transition.gap ? Json(*transition.gap) : Json()},
          {"low_variance_phase", low_variance ? Json(*low_variance) : Json()},
          {"weights", weights},
          {"marks", marks},
          {"epoch", epochs},
          {"over", over}};
}

Json kappa_data(const ReportInputs& inputs) {
  Json layers = Json::array();
  std::map<std::string, std::size_t> index;
  for (const EpochHistogram& item : inputs.histograms) {
    const auto [at, is_new] = index.try_emplace(item.layer, layers.size());
    if (is_new)
      layers.push_back(
          {{"layer", item.layer}, {"weights", item.weights}, {"epochs", Json::array()}});
    layers[at->second]["epochs"].push_back({{"epoch", item.epoch},
                                            {"over", item.over},
                                            {"zeros", item.histogram.zeros},
                                            {"negative", item.histogram.negative},
                                            {"underflow", item.histogram.underflow},
                                            {"overflow", item.histogram.overflow},
                                            {"bins", item.histogram.bins}});
  }
  Json class_maps = inputs.class_maps;
  const Json& names = value_at(value_at(inputs.config, "data"), "class_names");
  for (Json& one : class_maps) {
    const auto label = one["label"].get<std::size_t>();
    one["name"] =
        names.is_array() && label < names.size() ? shown_text(names[label]) : one["label"].dump();
  }
  return {{"kappa0", inputs.kappa0},
          {"first", LogHistogram::kFirst},
          {"width", LogHistogram::kWidth},
          {"layers", layers},
          {"maps", inputs.layer_maps},
          {"classes", class_maps},
          {"images", image_data(inputs.images, names)}};
}

}  // namespace

const Json& value_at(const Json& object, const char* key) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto found = object.find(key);
  return found == object.end() ? null : *found;
}

Json number_at(const Json& object, const char* key) {
  const Json& value = value_at(object, key);
  return value.is_number() && std::isfinite(value.get<double>()) ? value : Json();
}

Json text_at(const Json& object, const char* key) {
  const Json& value = value_at(object, key);
  return value.is_string() ? value : Json();
}

std::vector<Json> evaluation_entries(const Json& evaluation) {
  std::vector<Json> entries;
  const Json& list = value_at(evaluation, "entries");
  if (!list.is_array()) return entries;
  for (const Json& entry : list) {
    if (entry.is_object()) entries.push_back(entry);
  }
  return entries;
}

std::string pruned_layer(const Json& entry) {
  constexpr const char* kSeveral = "its pruned layers";
  const Json& layers = list_at(entry, "execution");
  return layers.size() == 1 ? text_or(text_at(layers[0], "layer"), kSeveral) : kSeveral;
}

std::string network_title(const Json& evaluation, const std::string& name) {
  for (const Json& entry : evaluation_entries(evaluation)) {
    if (text_or(text_at(entry, "name"), "") != name) continue;
    const Json sparsity = number_at(entry, "layer_sparsity");
    if (sparsity.is_null() || sparsity.get<double>() <= 0) break;
    return fmt::format("{} ({:.4g} % of {} gone)", name, 100 * sparsity.get<double>(),
                       pruned_layer(entry));
  }
  return name;
}

std::optional<double> class_count(const Json& config) {
  const Json classes = number_at(value_at(config, "network"), "classes");
  if (classes.is_null() || classes.get<double>() < 2) return std::nullopt;
  return classes.get<double>();
}

std::string chance_text(const Json& config) {
  const std::optional<double> classes = class_count(config);
  if (!classes) return "";
  return fmt::format(" Chance is {:.3g} %, of {:.0f} classes.", 100 / *classes, *classes);
}

const Json& list_at(const Json& object, const char* key) {
  static const Json none = Json::array();
  const Json& list = value_at(object, key);
  return list.is_array() ? list : none;
}

std::string text_or(const Json& text, const char* otherwise) {
  return text.is_string() ? text.get<std::string>() : otherwise;
}

Json figure_data(const ReportInputs& inputs) {
  const std::string split = inputs.transition ? inputs.transition->split : "test";
  Json sweeps = Json::array();
  for (const auto& [file, sweep] : inputs.sweeps) sweeps.push_back(sweep_data(file, sweep));
  Json uncertainty = Json::array(), predictions = Json::array();
  for (const auto& [file, evaluation] : inputs.evaluations) {
    Json one = uncertainty_data(file, evaluation);
    if (!one.is_null()) uncertainty.push_back(std::move(one));
    for (const Json& network : prediction_data(file, evaluation)) predictions.push_back(network);
  }
  Json attacks = Json::array();
  for (const auto& [file, attack] : inputs.attacks) {
    Json one = attack_data(file, attack);
    if (!one.is_null()) attacks.push_back(std::move(one));
  }
  return {{"name", inputs.name},
          {"split", split},
          {"samples", number_at(value_at(inputs.config, "train"), "samples")},
          {"metrics", inputs.metrics ? metrics_data(*inputs.metrics, split) : Json()},
          {"transition", inputs.transition ? transition_data(*inputs.transition) : Json()},
          {"kappa", inputs.histograms.empty() ? Json() : kappa_data(inputs)},
          {"sweeps", sweeps},
          {"leading_sweep", leading_sweep(sweeps)},
          {"uncertainty", uncertainty},
          {"predictions", predictions},
          {"attacks", attacks}};
}

}  // namespace varphase
