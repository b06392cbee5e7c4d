// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/exchange/state_dict.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "src/base/enum_names.hpp"
#include "src/base/json.hpp"

namespace varphase {
namespace {

std::string dotted(const std::string& name) {
  std::string text = name;
  std::replace(text.begin(), text.end(), '/', '.');
  return text;
}

Array renamed(Array array, std::string name) {
  array.name = std::move(name);
  return array;
}

/// @param rows  JSON objects of what is text elsewhere
Json texts(const std::map<std::string, std::string>& rows) {
  Json json = Json::object();
  for (const auto& [key, value] : rows) json[key] = value;
  return json;
}

std::string dumped(const Json& json) { return json_text(json, -1); }

std::map<std::string, std::string> common_metadata(
    const std::string& kind, const std::string& config, std::int64_t epoch,
    const std::map<std::string, std::string>& provenance) {
  return {{"format", "pt"},
          {"varphase.kind", kind},
          {"varphase.config", config},
          {"varphase.epoch", std::to_string(epoch)},
          {"varphase.provenance", dumped(texts(provenance))}};
}

void append_arrays(const std::vector<Array>& arrays, TensorFile& file) {
  for (const Array& array : arrays) file.arrays.push_back(renamed(array, dotted(array.name)));
}

void append_pruned(const PrunedLayer& layer, SparseForm form, TensorFile& file) {
  const auto add = [&]<class T>(const char* name, std::vector<std::int64_t> shape,
                                const std::vector<T>& values) {
    file.arrays.push_back(make_array<T>(layer.layer + "." + name, std::move(shape), values));
  };
  const std::int64_t kept = layer.kept();
  if (form == SparseForm::dense) {
    const EffectiveWeights weights = effective_weights(layer);
    std::vector<std::uint8_t> mask(weights.mean.size());
    for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = layer.mask[i >> 3U] >> (i & 7U) & 1U;
    add("mean", layer.shape, weights.mean);
    add("variance", layer.shape, weights.variance);
    add("mask", layer.shape, mask);
    return;
  }
  const CsrMatrix variance = csr_variances(layer);
  add("crow_indices", {variance.rows + 1}, variance.indptr);
  add("col_indices", {kept}, variance.indices);
  add("variance_values", {kept}, variance.values);
  if (layer.replace == "mean") {
    add("mean", layer.shape, layer.mean);
  } else {
    add("mean_values", {kept}, layer.mean);
  }
}

}  // namespace

SparseForm sparse_form_from_name(const std::string& name) {
  static const EnumNames<SparseForm> forms{
      "form of a safetensors file", {{SparseForm::dense, "dense"}, {SparseForm::csr, "csr"}}};
  return forms.value(name);
}

TensorFile state_dict(const Snapshot& snapshot) {
  TensorFile file;
  file.metadata =
      common_metadata("checkpoint", snapshot.config, snapshot.epoch, snapshot.provenance);
  file.metadata["varphase.step"] = std::to_string(snapshot.step);
  Json metrics = Json::object();
  for (const auto& [name, value] : snapshot.metrics) {
    if (std::isfinite(value)) metrics[name] = value;
  }
  file.metadata["varphase.metrics"] = dumped(metrics);
  append_arrays(snapshot.parameters, file);
  append_arrays(snapshot.buffers, file);
  for (const Array& mask : snapshot.masks) {
    const std::string layer = mask.name.substr(0, mask.name.rfind('/'));
    file.arrays.push_back(renamed(mask, layer + ".mask"));
  }
  for (const Array& array : snapshot.buffers) {
    constexpr std::string_view kStatistics = "/running_mean";
    if (!array.name.ends_with(kStatistics)) continue;
    const std::string layer = array.name.substr(0, array.name.size() - kStatistics.size());
    file.arrays.push_back(
        make_array<std::int64_t>(layer + ".num_batches_tracked", {}, {&snapshot.step, 1}));
  }
  return file;
}

TensorFile state_dict(const SparseModel& model, SparseForm form) {
  TensorFile file;
  file.metadata = common_metadata("pruned", model.config, model.epoch, model.provenance);
  for (const PrunedLayer& layer : model.layers) append_pruned(layer, form, file);
  file.metadata["varphase.layers"] = dumped(layer_list(model));
  if (!std::isnan(model.threshold))
    file.metadata["varphase.threshold"] = dumped(Json(model.threshold));
  append_arrays(model.parameters, file);
  append_arrays(model.buffers, file);
  return file;
}

}  // namespace varphase
