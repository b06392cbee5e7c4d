// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/sparse/sparse_model.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/ranges.h>

#include "src/base/json.hpp"
#include "src/base/suggest.hpp"

namespace varphase {
namespace {

constexpr std::string_view kProvenance = "provenance_";
constexpr std::string_view kLayers = "layers/";
constexpr std::string_view kParameters = "parameters/";
constexpr std::string_view kBuffers = "buffers/";
constexpr std::int64_t kMostWeights = std::numeric_limits<std::int32_t>::max();  // of CSR's indices

const std::vector<std::string> kRules{"mean", "zero"};

void check_rule(const std::string& replace, ErrorKind kind, const std::string& what) {
  const bool known = std::find(kRules.begin(), kRules.end(), replace) != kRules.end();
  VARPHASE_CHECK(known, kind, "{}: unknown replacement rule '{}'{}", what, replace,
                 suggestion(replace, kRules));
}

/// The number of weights of a shape that comes from outside.
std::int64_t weight_count(const std::vector<std::int64_t>& shape, ErrorKind kind,
                          const std::string& what) {
  VARPHASE_CHECK(shape.size() >= 2 && shape.size() <= 4, kind,
                 "{}: weight of shape [{}], wants 2 to 4 extents", what, fmt::join(shape, ", "));
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) {
    VARPHASE_CHECK(extent > 0 && extent <= kMostWeights / count, kind,
                   "{}: weight of shape [{}], wants positive extents and at most {} weights", what,
                   fmt::join(shape, ", "), kMostWeights);
    count *= extent;
  }
  return count;
}

void check_finite(std::span<const float> values, ErrorKind kind, const std::string& what) {
  const auto bad =
      std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
  VARPHASE_CHECK(bad == values.end(), kind, "{}: {} at entry {}, wants finite numbers", what, *bad,
                 bad - values.begin());
}

void check_variance(std::span<const float> values, ErrorKind kind, const std::string& what) {
  check_finite(values, kind, what);
  const auto below =
      std::find_if(values.begin(), values.end(), [](float value) { return value < 0; });
  VARPHASE_CHECK(below == values.end(), kind, "{}: {} at entry {}, a variance is never negative",
                 what, *below, below - values.begin());
}

/// Names become paths inside a file.
void check_name(const std::string& name, const std::string& what) {
  const bool good = !name.empty() && name != "." && name != ".." &&
                    name.find('/') == std::string::npos &&
                    std::all_of(name.begin(), name.end(),
                                [](char c) { return static_cast<unsigned char>(c) >= 0x20; });
  VARPHASE_CHECK(good, ErrorKind::format, "{}: '{}' is no name of a layer or an array", what, name);
}

void check_layer(const PrunedLayer& layer, const std::string& path) {
  check_name(layer.layer, path);
  const std::string what = fmt::format("{}: layer {}", path, layer.layer);
  check_rule(layer.replace, ErrorKind::format, what);
  const std::int64_t count = weight_count(layer.shape, ErrorKind::format, what);
  VARPHASE_CHECK(layer.mask.size() == static_cast<std::size_t>((count + 7) / 8), ErrorKind::format,
                 "{}: mask of {} bytes, wants {} for {} weights", what, layer.mask.size(),
                 (count + 7) / 8, count);
  VARPHASE_CHECK(count % 8 == 0 || layer.mask.back() >> (count % 8) == 0, ErrorKind::format,
                 "{}: mask has bits set beyond the last of {} weights", what, count);
  const auto kept = static_cast<std::size_t>(layer.kept());
  const std::size_t means = layer.replace == "mean" ? static_cast<std::size_t>(count) : kept;
  VARPHASE_CHECK(layer.mean.size() == means, ErrorKind::format, "{}: {} means, wants {}", what,
                 layer.mean.size(), means);
  VARPHASE_CHECK(layer.variance.size() == kept, ErrorKind::format,
                 "{}: {} variances, the mask keeps {} weights", what, layer.variance.size(), kept);
  check_finite(layer.mean, ErrorKind::format, what + ": mean");
  check_variance(layer.variance, ErrorKind::format, what + ": variance");
}

/// A parameter or buffer: "<layer>/<name>", whole, finite.
void check_dense_array(const Array& array, const std::string& path, const std::string& group) {
  const std::size_t slash = array.name.find('/');
  VARPHASE_CHECK(slash != std::string::npos, ErrorKind::format,
                 "{}: {}{}: wants a name such as dense1/bias", path, group, array.name);
  check_name(array.name.substr(0, slash), path);
  check_name(array.name.substr(slash + 1), path);
  const std::string what = fmt::format("{}: {}{}", path, group, array.name);
  std::size_t left = array.bytes.size() / element_size(array.type);
  bool sized = array.bytes.size() % element_size(array.type) == 0;
  for (const std::int64_t extent : array.shape) {
    sized = sized && extent > 0 && left % static_cast<std::size_t>(extent) == 0;
    if (sized) left /= static_cast<std::size_t>(extent);
  }
  VARPHASE_CHECK(sized && left == 1, ErrorKind::format, "{}: {} bytes do not fill shape [{}]", what,
                 array.bytes.size(), fmt::join(array.shape, ", "));
  if (array.type == ElementType::float32) {
    check_finite(array.as<float>(), ErrorKind::format, what);
  } else if (array.type == ElementType::float64) {
    const auto values = array.as<double>();
    const bool finite = std::all_of(values.begin(), values.end(),
                                    [](double value) { return std::isfinite(value); });
    VARPHASE_CHECK(finite, ErrorKind::format, "{}: wants finite numbers", what);
  }
}

void check_model(const SparseModel& model, const std::string& path) {
  VARPHASE_CHECK(parse_json(model.config, path + ": attribute config").is_object(),
                 ErrorKind::format, "{}: attribute config is no JSON object", path);
  VARPHASE_CHECK(model.epoch >= 0, ErrorKind::format, "{}: epoch {}, wants at least 0", path,
                 model.epoch);
  VARPHASE_CHECK(!std::isinf(model.threshold), ErrorKind::format,
                 "{}: threshold {}, wants a finite number", path, model.threshold);
  VARPHASE_CHECK(!model.layers.empty(), ErrorKind::format, "{}: no pruned layer", path);
  std::set<std::string> names;
  const auto once = [&](const std::string& name) {
    VARPHASE_CHECK(names.insert(name).second, ErrorKind::format, "{}: {} is there twice", path,
                   name);
  };
  for (const PrunedLayer& layer : model.layers) {
    check_layer(layer, path);
    once(fmt::format("{}{}", kLayers, layer.layer));
  }
  for (const Array& array : model.parameters) {
    check_dense_array(array, path, std::string(kParameters));
    once(fmt::format("{}{}", kParameters, array.name));
  }
  for (const Array& array : model.buffers) {
    check_dense_array(array, path, std::string(kBuffers));
    once(fmt::format("{}{}", kBuffers, array.name));
  }
}

std::int64_t column_count(const PrunedLayer& layer) { return layer.count() / layer.shape.front(); }

CsrMatrix csr_of(const PrunedLayer& layer, std::vector<float> kept_values) {
  CsrMatrix matrix{layer.shape.front(), column_count(layer), {0}, {}, std::move(kept_values)};
  matrix.indices.reserve(matrix.values.size());
  std::size_t weight = 0;
  for (std::int64_t row = 0; row < matrix.rows; ++row) {
    for (std::int32_t col = 0; col < static_cast<std::int32_t>(matrix.cols); ++col, ++weight) {
      if ((layer.mask[weight >> 3U] >> (weight & 7U) & 1U) != 0) matrix.indices.push_back(col);
    }
    matrix.indptr.push_back(static_cast<std::int32_t>(matrix.indices.size()));
  }
  return matrix;
}

std::string layer_array(const std::string& layer, std::string_view name) {
  return fmt::format("{}{}/{}", kLayers, layer, name);
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
    const CsrMatrix pattern = csr_of(layer, {});
    add("indptr", {pattern.rows + 1}, pattern.indptr, "row");
    add("indices", {kept}, pattern.indices, "kept");
    add("mean", {kept}, layer.mean, "kept");
  }
  add("variance", {kept}, layer.variance, "kept");
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
  layer.variance = reading.values<float>(name("variance"), {-1});
  if (layer.replace == "mean") {
    layer.mask = reading.values<std::uint8_t>(name("mask"), {(count + 7) / 8});
    layer.mean = reading.values<float>(name("mean"), layer.shape);
    return layer;
  }
  const auto kept = static_cast<std::int64_t>(layer.variance.size());
  layer.mean = reading.values<float>(name("mean"), {kept});
  const std::int64_t rows = layer.shape.front();
  const CsrMatrix pattern{rows, count / rows,
                          reading.values<std::int32_t>(name("indptr"), {rows + 1}),
                          reading.values<std::int32_t>(name("indices"), {kept}), layer.mean};
  check_csr(pattern, what);
  layer.mask = mask_of(pattern);
  return layer;
}

std::int64_t array_bytes(const std::vector<Array>& arrays) {
  std::int64_t bytes = 0;
  for (const Array& array : arrays) bytes += static_cast<std::int64_t>(array.bytes.size());
  return bytes;
}

}  // namespace

std::int64_t PrunedLayer::count() const {
  std::int64_t total = 1;
  for (const std::int64_t extent : shape) total *= extent;
  return total;
}

double PrunedLayer::sparsity() const {
  return static_cast<double>(count() - kept()) / static_cast<double>(count());
}

const PrunedLayer& SparseModel::layer(const std::string& name) const {
  std::vector<std::string> known;
  for (const PrunedLayer& candidate : layers) {
    if (candidate.layer == name) return candidate;
    known.push_back(candidate.layer);
  }
  fail(ErrorKind::usage, "no pruned layer '{}'{}", name, suggestion(name, known));
}

std::int64_t SparseModel::network_weights() const {
  std::int64_t total = 0;
  for (const PrunedLayer& layer : layers) total += layer.count();
  for (const Array& array : parameters) total += array.count();
  return total;
}

double SparseModel::sparsity() const {
  std::int64_t replaced = 0;
  for (const PrunedLayer& layer : layers) replaced += layer.count() - layer.kept();
  return static_cast<double>(replaced) / static_cast<double>(network_weights());
}

PrunedLayer make_pruned_layer(std::string layer, std::vector<std::int64_t> shape,
                              std::string replace, std::string parameterization,
                              std::span<const float> mean, std::span<const float> variance,
                              std::span<const std::uint8_t> keep) {
  const std::string what = "layer " + layer;
  check_rule(replace, ErrorKind::usage, what);
  const auto count = static_cast<std::size_t>(weight_count(shape, ErrorKind::shape, what));
  VARPHASE_CHECK(mean.size() == count && variance.size() == count && keep.size() == count,
                 ErrorKind::shape, "{}: {} means, {} variances and {} marks for {} weights", what,
                 mean.size(), variance.size(), keep.size(), count);
  PrunedLayer pruned{std::move(layer),
                     std::move(shape),
                     std::move(replace),
                     std::move(parameterization),
                     pack_mask(keep),
                     {},
                     {}};
  const auto kept = static_cast<std::size_t>(pruned.kept());
  const bool all_means = pruned.replace == "mean";
  if (all_means) pruned.mean.assign(mean.begin(), mean.end());
  pruned.mean.reserve(all_means ? count : kept);
  pruned.variance.reserve(kept);
  for (std::size_t i = 0; i < count; ++i) {
    if (keep[i] == 0) continue;
    if (!all_means) pruned.mean.push_back(mean[i]);
    pruned.variance.push_back(variance[i]);
  }
  check_finite(pruned.mean, ErrorKind::numeric, what + ": mean");
  check_variance(pruned.variance, ErrorKind::numeric, what + ": variance");
  return pruned;
}

EffectiveWeights effective_weights(const PrunedLayer& layer) {
  const auto count = static_cast<std::size_t>(layer.count());
  const bool all_means = layer.replace == "mean";
  EffectiveWeights weights{all_means ? layer.mean : std::vector<float>(count),
                           std::vector<float>(count)};
  std::size_t entry = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if ((layer.mask[i >> 3U] >> (i & 7U) & 1U) == 0) continue;
    if (!all_means) weights.mean[i] = layer.mean[entry];
    weights.variance[i] = layer.variance[entry];
    ++entry;
  }
  return weights;
}

CsrMatrix csr_means(const PrunedLayer& layer) {
  if (layer.replace == "zero") return csr_of(layer, layer.mean);
  std::vector<float> kept;
  kept.reserve(layer.variance.size());
  for (std::size_t i = 0; i < layer.mean.size(); ++i) {
    if ((layer.mask[i >> 3U] >> (i & 7U) & 1U) != 0) kept.push_back(layer.mean[i]);
  }
  return csr_of(layer, std::move(kept));
}

CsrMatrix csr_variances(const PrunedLayer& layer) { return csr_of(layer, layer.variance); }

double compression(double sparsity) { return 1 / (1 - sparsity); }

std::int64_t stored_bytes(const std::string& replace, const std::vector<std::int64_t>& shape,
                          std::int64_t kept) {
  check_rule(replace, ErrorKind::usage, "stored bytes");
  const std::int64_t count = weight_count(shape, ErrorKind::shape, "stored bytes");
  VARPHASE_CHECK(kept >= 0 && kept <= count, ErrorKind::shape, "{} of {} weights kept", kept,
                 count);
  constexpr std::int64_t kWord = 4;
  if (replace == "mean") return (count + 7) / 8 + kWord * (count + kept);
  return kWord * (shape.front() + 1 + 3 * kept);
}

std::int64_t stored_bytes(const SparseModel& model) {
  std::int64_t bytes = array_bytes(model.parameters) + array_bytes(model.buffers);
  for (const PrunedLayer& layer : model.layers) {
    bytes += stored_bytes(layer.replace, layer.shape, layer.kept());
  }
  return bytes;
}

std::int64_t dense_bytes(const SparseModel& model) {
  std::int64_t bytes = array_bytes(model.parameters) + array_bytes(model.buffers);
  for (const PrunedLayer& layer : model.layers) {
    bytes += layer.count() * static_cast<std::int64_t>(sizeof(float));
  }
  return bytes;
}

Document to_document(const SparseModel& model) {
  check_model(model, "pruned model");
  Document document;
  document.kind = "pruned";
  Json rows = Json::array();
  for (const PrunedLayer& layer : model.layers) {
    rows.push_back({{"layer", layer.layer},
                    {"shape", layer.shape},
                    {"replace", layer.replace},
                    {"parameterization", layer.parameterization},
                    {"kept", layer.kept()}});
  }
  document.attributes = {{"epoch", model.epoch}, {"config", model.config}, {"layers", rows.dump()}};
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
  add_all(model.parameters, kParameters);
  add_all(model.buffers, kBuffers);
  return document;
}

SparseModel sparse_model_from_document(const Document& document, const std::string& path) {
  VARPHASE_CHECK(document.kind == "pruned", ErrorKind::format,
                 "{}: a {} file, wants a pruned model\n  varphase prune makes one", path,
                 document.kind);
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
    if (text != nullptr && key.rfind(kProvenance, 0) == 0) {
      model.provenance[key.substr(kProvenance.size())] = *text;
    }
  }
  const Json rows =
      parse_json(reading.attribute<std::string>("layers"), path + ": attribute layers");
  VARPHASE_CHECK(rows.is_array(), ErrorKind::format, "{}: attribute layers is no list", path);
  for (const Json& row : rows) {
    VARPHASE_CHECK(row.is_object(), ErrorKind::format, "{}: attribute layers: {} is no object",
                   path, row.dump());
    model.layers.push_back(read_layer(reading, row));
    const std::int64_t kept = model.layers.back().kept();
    VARPHASE_CHECK(row.contains("kept") && row["kept"] == kept, ErrorKind::format,
                   "{}: layer {}: attribute layers says that {} weights are kept, {} are", path,
                   model.layers.back().layer, row.contains("kept") ? row["kept"].dump() : "nothing",
                   kept);
  }
  model.parameters = reading.group(kParameters);
  model.buffers = reading.group(kBuffers);
  reading.check_all_taken();
  check_model(model, path);
  return model;
}

}  // namespace varphase
