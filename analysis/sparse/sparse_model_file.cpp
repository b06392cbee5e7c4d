// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <cmath>
#include <set>
#include <utility>

#include <fmt/ranges.h>

#include "analysis/sparse/sparse_model.hpp"
#include "analysis/sparse/sparse_model_checks.hpp"
#include "checkpoints/file_kind.hpp"
#include "checkpoints/provenance.hpp"
#include "src/base/json.hpp"

// The file form of a pruned model (checkpoints/FORMAT.md, kind "pruned").
namespace varphase {
namespace {

std::string layer_array(const std::string& layer, std::string_view name) {
  return fmt::format("{}{}/{}", kLayersGroup, layer, name);
}

std::string dims_of(std::size_t rank) { return rank == 2 ? "out,in" : "out,in,height,width"; }

void append_layer(Document& document, const PrunedLayer& layer) {
  const std::int64_t kept = layer.kept();
  const auto add = [&]<class T>(std::string_view name, std::vector<std::int64_t> shape,
                                const std::vector<T>& values, std::string dims) {
    document.arrays.push_back(make_array<T>(layer_array(layer.layer, name), std::move(shape),
                                            values, std::move(dims), "1"));
  };
  if (layer.replace == "mean") {
    add("mask", {static_cast<std::int64_t>(layer.mask.size())}, layer.mask, "byte");
    add("mean", layer.shape, layer.mean, dims_of(layer.shape.size()));
  } else {
    const CsrMatrix pattern = csr_variances(layer);
    add("indptr", {pattern.rows + 1}, pattern.indptr, "row");
    add("indices", {kept}, pattern.indices, "kept");
    add("mean", {kept}, layer.mean, "kept");
  }
  if (const std::optional<float> alpha = shared_alpha(layer)) {
    add("alpha", {1}, std::vector<float>{*alpha}, "1");
  } else {
    add("variance", {kept}, layer.variance, "kept");
  }
}

/// Takes arrays out of a document that nobody vouches for, and knows at the end which were not
/// asked for.
class Reading {
 public:
  Reading(const Document& document, const std::string& path) : document_(document), path_(path) {}

  template <class T>
  const T& attribute(std::string_view name) const {
    const Attribute* found = document_.find_attribute(name);
    const T* value = found != nullptr ? std::get_if<T>(found) : nullptr;
    VARPHASE_CHECK(value != nullptr, ErrorKind::format,
                   "{}: attribute {} is missing or of another type", path_, name);
    return *value;
  }

  bool has(const std::string& name) const { return document_.find_array(name) != nullptr; }

  /// @param shape -1 stands for any extent.
  template <class T>
  std::vector<T> values(const std::string& name, const std::vector<std::int64_t>& shape) {
    const Array* array = document_.find_array(name);
    VARPHASE_CHECK(array != nullptr, ErrorKind::format, "{}: array {} is missing", path_, name);
    bool fits = array->type == ElementTypeOf<T>::value && array->shape.size() == shape.size();
    std::size_t bytes = sizeof(T);
    for (std::size_t d = 0; fits && d < shape.size(); ++d) {
      fits = array->shape[d] >= 0 && array->shape[d] <= kMostWeights &&
             (shape[d] == -1 || array->shape[d] == shape[d]);
      bytes *= static_cast<std::size_t>(array->shape[d]);
    }
    VARPHASE_CHECK(fits && array->bytes.size() == bytes, ErrorKind::format,
                   "{}: array {} has shape [{}] ({} bytes), wants [{}] of {} bytes each", path_,
                   name, fmt::join(array->shape, ", "), array->bytes.size(), fmt::join(shape, ", "),
                   sizeof(T));
    taken_.insert(name);
    const auto values = array->as<T>();
    return {values.begin(), values.end()};
  }

  /// All arrays of a group, without the group's name.
  std::vector<Array> group(std::string_view prefix) {
    std::vector<Array> arrays;
    for (const Array& array : document_.arrays) {
      if (array.name.rfind(prefix, 0) != 0) continue;
      taken_.insert(array.name);
      arrays.push_back(array);
      arrays.back().name.erase(0, prefix.size());
    }
    return arrays;
  }

  void check_all_taken() const {
    for (const Array& array : document_.arrays) {
      VARPHASE_CHECK(taken_.count(array.name) == 1, ErrorKind::format,
                     "{}: a pruned file has no array {}", path_, array.name);
    }
  }

  const std::string& path() const { return path_; }

 private:
  const Document& document_;
  const std::string& path_;
  std::set<std::string> taken_;
};

/// The mask that a CSR pattern means, once the pattern has been checked.
BitMask mask_of(const CsrMatrix& pattern) {
  BitMask mask(static_cast<std::size_t>((pattern.rows * pattern.cols + 7) / 8));
  for (std::size_t row = 0; row < static_cast<std::size_t>(pattern.rows); ++row) {
    for (auto entry = static_cast<std::size_t>(pattern.indptr[row]);
         entry < static_cast<std::size_t>(pattern.indptr[row + 1]); ++entry) {
      const std::size_t weight = row * static_cast<std::size_t>(pattern.cols) +
                                 static_cast<std::size_t>(pattern.indices[entry]);
      mask[weight >> 3U] = static_cast<std::uint8_t>(mask[weight >> 3U] | 1U << (weight & 7U));
    }
  }
  return mask;
}

PrunedLayer read_layer(Reading& reading, const Json& row) {
  PrunedLayer layer;
  try {
    row.at("layer").get_to(layer.layer);
    row.at("shape").get_to(layer.shape);
    row.at("replace").get_to(layer.replace);
    row.at("parameterization").get_to(layer.parameterization);
  } catch (const nlohmann::json::exception& error) {
    fail(ErrorKind::format, "{}: attribute layers: {}", reading.path(), error.what());
  }
  check_name(layer.layer, reading.path());
  const std::string what = fmt::format("{}: layer {}", reading.path(), layer.layer);
  check_rule(layer.replace, ErrorKind::format, what);
  const std::int64_t count = weight_count(layer.shape, ErrorKind::format, what);
  const auto name = [&](std::string_view array) { return layer_array(layer.layer, array); };
  const auto read_variances = [&](const auto& means) {
    if (reading.has(name("alpha"))) {
      const float alpha = reading.values<float>(name("alpha"), {1}).front();
      VARPHASE_CHECK(alpha >= 0 && std::isfinite(alpha), ErrorKind::format,
                     "{}: alpha is {}, wants a finite number from 0 on", what, alpha);
      layer.variance = variances_of_alpha(alpha, means());
    } else {
      layer.variance = reading.values<float>(name("variance"), {-1});
    }
  };
  if (layer.replace == "mean") {
    layer.mask = reading.values<std::uint8_t>(name("mask"), {(count + 7) / 8});
    layer.mean = reading.values<float>(name("mean"), layer.shape);
    read_variances([&] { return kept_means(layer); });
    return layer;
  }
  layer.mean = reading.values<float>(name("mean"), {-1});
  read_variances([&] { return layer.mean; });
  const auto kept = static_cast<std::int64_t>(layer.mean.size());
  const std::int64_t rows = layer.shape.front();
  const CsrMatrix pattern{rows, count / rows,
                          reading.values<std::int32_t>(name("indptr"), {rows + 1}),
                          reading.values<std::int32_t>(name("indices"), {kept}), layer.mean};
  check_csr(pattern, what);
  layer.mask = mask_of(pattern);
  return layer;
}

}  // namespace

Json layer_list(const SparseModel& model) {
  Json rows = Json::array();
  for (const PrunedLayer& layer : model.layers) {
    rows.push_back({{"layer", layer.layer},
                    {"shape", layer.shape},
                    {"replace", layer.replace},
                    {"parameterization", layer.parameterization},
                    {"kept", layer.kept()}});
  }
  return rows;
}

Document to_document(const SparseModel& model) {
  check_model(model, "pruned model");
  Document document;
  document.kind = "pruned";
  document.attributes = {
      {"epoch", model.epoch}, {"config", model.config}, {"layers", layer_list(model).dump()}};
  if (!std::isnan(model.threshold)) document.attributes.emplace_back("threshold", model.threshold);
  for (const auto& [key, value] : model.provenance) {
    document.attributes.emplace_back(fmt::format("{}{}", kProvenance, key), value);
  }
  for (const PrunedLayer& layer : model.layers) append_layer(document, layer);
  const auto add_all = [&](const std::vector<Array>& arrays, std::string_view group) {
    for (const Array& array : arrays) {
      document.arrays.push_back(array);
      document.arrays.back().name.insert(0, group);
    }
  };
  add_all(model.parameters, kParametersGroup);
  add_all(model.buffers, kBuffersGroup);
  return document;
}

SparseModel sparse_model_from_document(const Document& document, const std::string& path) {
  require_kind(path, document.kind, {"pruned"});
  std::set<std::string> names;
  for (const Array& array : document.arrays) {
    VARPHASE_CHECK(names.insert(array.name).second, ErrorKind::format, "{}: {} is there twice",
                   path, array.name);
  }
  Reading reading(document, path);
  SparseModel model;
  model.config = reading.attribute<std::string>("config");
  model.epoch = reading.attribute<std::int64_t>("epoch");
  if (document.find_attribute("threshold") != nullptr) {
    model.threshold = reading.attribute<double>("threshold");
    VARPHASE_CHECK(std::isfinite(model.threshold), ErrorKind::format,
                   "{}: attribute threshold is {}, wants a finite number", path, model.threshold);
  }
  for (const auto& [key, value] : document.attributes) {
    const auto* text = std::get_if<std::string>(&value);
    for (const std::string_view prefix : {kProvenance, kOlderProvenance}) {
      if (text != nullptr && key.rfind(prefix, 0) == 0)
        model.provenance[key.substr(prefix.size())] = *text;
    }
  }
  const Json rows =
      parse_json(reading.attribute<std::string>("layers"), path + ": attribute layers");
  VARPHASE_CHECK(rows.is_array(), ErrorKind::format, "{}: attribute layers is no list", path);
  std::set<std::string> layers;
  for (const Json& row : rows) {
    VARPHASE_CHECK(row.is_object(), ErrorKind::format, "{}: attribute layers: {} is no object",
                   path, brief(row));
    model.layers.push_back(read_layer(reading, row));
    VARPHASE_CHECK(layers.insert(model.layers.back().layer).second, ErrorKind::format,
                   "{}: attribute layers: layer {} is there twice", path,
                   model.layers.back().layer);
    const std::int64_t kept = model.layers.back().kept();
    VARPHASE_CHECK(row.contains("kept") && row["kept"] == kept, ErrorKind::format,
                   "{}: layer {}: attribute layers says that {} weights are kept, {} are", path,
                   model.layers.back().layer, row.contains("kept") ? brief(row["kept"]) : "nothing",
                   kept);
  }
  model.parameters = reading.group(kParametersGroup);
  model.buffers = reading.group(kBuffersGroup);
  reading.check_all_taken();
  check_model(model, path);
  return model;
}

}  // namespace varphase
