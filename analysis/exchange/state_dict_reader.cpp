// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>
#include <string_view>

#include <fmt/ranges.h>

#include "analysis/exchange/state_dict.hpp"
#include "src/base/json.hpp"

// The way back from the files that state_dict makes.

namespace varphase {
namespace {

constexpr std::string_view kPrefix = "varphase.";

/// Reads the metadata of a file that says it is ours.
class Metadata {
 public:
  Metadata(const TensorFile& file, const std::string& origin)
      : metadata_(file.metadata), origin_(origin) {}

  const std::string& text(const std::string& key) const {
    const auto found = metadata_.find(std::string(kPrefix) + key);
    VARPHASE_CHECK(found != metadata_.end(), ErrorKind::format,
                   "{}: its metadata lack {}{}: it is no whole export of Varphase", origin_,
                   kPrefix, key);
    return found->second;
  }
  bool has(const std::string& key) const {
    return metadata_.count(std::string(kPrefix) + key) == 1;
  }
  Json json(const std::string& key) const {
    return parse_json(text(key), fmt::format("{}: metadata {}{}", origin_, kPrefix, key));
  }
  std::int64_t integer(const std::string& key) const {
    const std::string& digits = text(key);
    std::int64_t value = 0;
    const char* last = digits.data() + digits.size();
    const auto [end, status] = std::from_chars(digits.data(), last, value);
    VARPHASE_CHECK(status == std::errc() && end == last && value >= 0, ErrorKind::format,
                   "{}: metadata {}{}: '{}' is no whole number from 0 on", origin_, kPrefix, key,
                   digits);
    return value;
  }
  std::map<std::string, std::string> texts(const std::string& key) const {
    std::map<std::string, std::string> rows;
    const Json object = json(key);
    for (const auto& item : object.items()) {
      VARPHASE_CHECK(object.is_object() && item.value().is_string(), ErrorKind::format,
                     "{}: metadata {}{}: wants an object of texts", origin_, kPrefix, key);
      rows[item.key()] = item.value().get<std::string>();
    }
    return rows;
  }

 private:
  const std::map<std::string, std::string>& metadata_;
  const std::string& origin_;
};

/// Takes tensors out of a file, and knows at the end which were not asked for.
class Tensors {
 public:
  Tensors(const TensorFile& file, const std::string& origin) : origin_(origin) {
    for (const Array& array : file.arrays) left_[array.name] = &array;
  }

  bool has(const std::string& name) const { return left_.count(name) == 1; }

  const Array& take(const std::string& name) {
    const auto found = left_.find(name);
    VARPHASE_CHECK(found != left_.end(), ErrorKind::format, "{}: tensor {} is missing", origin_,
                   name);
    const Array& array = *found->second;
    left_.erase(found);
    return array;
  }

  template <class T>
  std::vector<T> values(const std::string& name, const std::vector<std::int64_t>& shape) {
    const Array& array = take(name);
    VARPHASE_CHECK(array.shape == shape && array.type == ElementTypeOf<T>::value, ErrorKind::format,
                   "{}: tensor {} has shape [{}] of {} bytes an entry, wants [{}] of {}", origin_,
                   name, fmt::join(array.shape, ", "), element_size(array.type),
                   fmt::join(shape, ", "), sizeof(T));
    const auto span = array.as<T>();
    return {span.begin(), span.end()};
  }

  /// int32 or int64 (Torch's own), as int32.
  std::vector<std::int32_t> indices(const std::string& name) {
    const Array& array = take(name);
    std::vector<std::int32_t> list;
    VARPHASE_CHECK(array.shape.size() == 1 &&
                       (array.type == ElementType::int32 || array.type == ElementType::int64),
                   ErrorKind::format, "{}: tensor {} wants a list of int32 or int64", origin_,
                   name);
    if (array.type == ElementType::int32) {
      const auto span = array.as<std::int32_t>();
      return {span.begin(), span.end()};
    }
    for (const std::int64_t index : array.as<std::int64_t>()) {
      VARPHASE_CHECK(index >= 0 && index <= std::numeric_limits<std::int32_t>::max(),
                     ErrorKind::format, "{}: tensor {} holds the index {}", origin_, name, index);
      list.push_back(static_cast<std::int32_t>(index));
    }
    return list;
  }

  std::vector<const Array*> rest() const {
    std::vector<const Array*> list;
    for (const auto& entry : left_) list.push_back(entry.second);
    return list;
  }

 private:
  const std::string& origin_;
  std::map<std::string, const Array*> left_;
};

/// Shape and rule of a pruned layer, as far as finding its tensors wants them; the rest is checked
/// where the model is made.
struct PrunedRow {
  std::string layer, replace;
  std::vector<std::int64_t> shape;
  std::int64_t count = 1;

  PrunedRow(const Json& row, const std::string& origin) {
    try {
      row.at("layer").get_to(layer);
      row.at("shape").get_to(shape);
      row.at("replace").get_to(replace);
    } catch (const nlohmann::json::exception& error) {
      fail(ErrorKind::format, "{}: metadata varphase.layers: {}", origin, error.what());
    }
    constexpr std::int64_t kMostWeights = std::numeric_limits<std::int32_t>::max();
    for (const std::int64_t extent : shape) {
      VARPHASE_CHECK(extent > 0 && extent <= kMostWeights / count, ErrorKind::format,
                     "{}: metadata varphase.layers: {} has shape [{}]", origin, layer,
                     fmt::join(shape, ", "));
      count *= extent;
    }
    VARPHASE_CHECK(shape.size() >= 2, ErrorKind::format,
                   "{}: metadata varphase.layers: {} has shape [{}]", origin, layer,
                   fmt::join(shape, ", "));
  }
};

/// Appends a pruned layer's arrays as a pruned file of ours has them (checkpoints/FORMAT.md).
class PrunedArrays {
 public:
  PrunedArrays(const PrunedRow& row, Document& document) : row_(row), document_(document) {}

  template <class T>
  void add(const char* name, std::vector<std::int64_t> shape, const std::vector<T>& values) {
    document_.arrays.push_back(
        make_array<T>(fmt::format("layers/{}/{}", row_.layer, name), std::move(shape), values));
  }
  template <class T>
  void add(const char* name, const std::vector<T>& values) {
    add(name, {static_cast<std::int64_t>(values.size())}, values);
  }

 private:
  const PrunedRow& row_;
  Document& document_;
};

void take_dense(const PrunedRow& row, Tensors& tensors, const std::string& origin,
                Document& document) {
  const auto keep = tensors.values<std::uint8_t>(row.layer + ".mask", row.shape);
  const auto mean = tensors.values<float>(row.layer + ".mean", row.shape);
  const auto variance = tensors.values<float>(row.layer + ".variance", row.shape);
  const bool zero = row.replace == "zero";
  for (std::size_t i = 0; i < keep.size(); ++i) {
    const auto nothing = [](float value) { return std::bit_cast<std::uint32_t>(value) == 0; };
    VARPHASE_CHECK(
        keep[i] <= 1 && (keep[i] == 1 || (nothing(variance[i]) && (!zero || nothing(mean[i])))),
        ErrorKind::format, "{}: layer {}: its mask drops weight {}, which is not 0 everywhere",
        origin, row.layer, i);
  }
  const std::int64_t rows = row.shape.front();
  const CsrMatrix kept = csr_from_dense(rows, row.count / rows, variance, keep);
  PrunedArrays arrays(row, document);
  arrays.add("variance", kept.values);
  if (zero) {
    arrays.add("indptr", kept.indptr);
    arrays.add("indices", kept.indices);
    arrays.add("mean", csr_from_dense(rows, row.count / rows, mean, keep).values);
  } else {
    arrays.add("mask", pack_mask(keep));
    arrays.add("mean", row.shape, mean);
  }
}

void take_csr(const PrunedRow& row, Tensors& tensors, const std::string& origin,
              Document& document) {
  const std::int64_t rows = row.shape.front();
  CsrMatrix pattern{rows,
                    row.count / rows,
                    tensors.indices(row.layer + ".crow_indices"),
                    tensors.indices(row.layer + ".col_indices"),
                    {}};
  const auto kept = static_cast<std::int64_t>(pattern.indices.size());
  pattern.values = tensors.values<float>(row.layer + ".variance_values", {kept});
  check_csr(pattern, fmt::format("{}: layer {}", origin, row.layer));
  PrunedArrays arrays(row, document);
  arrays.add("variance", pattern.values);
  if (row.replace == "zero") {
    arrays.add("indptr", pattern.indptr);
    arrays.add("indices", pattern.indices);
    arrays.add("mean", tensors.values<float>(row.layer + ".mean_values", {kept}));
    return;
  }
  arrays.add("mean", row.shape, tensors.values<float>(row.layer + ".mean", row.shape));
  std::vector<std::uint8_t> keep(static_cast<std::size_t>(row.count));
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int32_t entry = pattern.indptr[static_cast<std::size_t>(r)];
         entry < pattern.indptr[static_cast<std::size_t>(r) + 1]; ++entry) {
      keep[static_cast<std::size_t>(r * pattern.cols +
                                    pattern.indices[static_cast<std::size_t>(entry)])] = 1;
    }
  }
  arrays.add("mask", pack_mask(keep));
}

}  // namespace

std::string state_dict_kind(const TensorFile& file) {
  const auto found = file.metadata.find(std::string(kPrefix) + "kind");
  return found == file.metadata.end() ? "" : found->second;
}

Snapshot snapshot_from_metadata(const TensorFile& file, const std::string& origin) {
  const Metadata metadata(file, origin);
  Snapshot snapshot;
  snapshot.config = metadata.text("config");
  snapshot.epoch = metadata.integer("epoch");
  snapshot.step = metadata.integer("step");
  snapshot.provenance = metadata.texts("provenance");
  const Json metrics = metadata.json("metrics");
  for (const auto& item : metrics.items()) {
    VARPHASE_CHECK(metrics.is_object() && item.value().is_number(), ErrorKind::format,
                   "{}: metadata varphase.metrics: wants an object of numbers", origin);
    snapshot.metrics[item.key()] = item.value().get<double>();
  }
  return snapshot;
}

SparseModel sparse_model_from_state_dict(const TensorFile& file, const std::string& origin) {
  const Metadata metadata(file, origin);
  Document document;
  document.kind = "pruned";
  document.attributes = {{"epoch", metadata.integer("epoch")},
                         {"config", metadata.text("config")},
                         {"layers", metadata.text("layers")}};
  if (metadata.has("threshold")) {
    const Json threshold = metadata.json("threshold");
    VARPHASE_CHECK(threshold.is_number(), ErrorKind::format,
                   "{}: metadata varphase.threshold: wants a number", origin);
    document.attributes.emplace_back("threshold", threshold.get<double>());
  }
  for (const auto& [key, value] : metadata.texts("provenance"))
    document.attributes.emplace_back("provenance_" + key, value);
  const Json rows = metadata.json("layers");
  VARPHASE_CHECK(rows.is_array(), ErrorKind::format, "{}: metadata varphase.layers: wants a list",
                 origin);
  Tensors tensors(file, origin);
  for (const Json& json : rows) {
    const PrunedRow row(json, origin);
    if (tensors.has(row.layer + ".crow_indices")) {
      take_csr(row, tensors, origin, document);
    } else {
      take_dense(row, tensors, origin, document);
    }
  }
  for (const Array* array : tensors.rest()) {
    const std::size_t dot = array->name.rfind('.');
    VARPHASE_CHECK(dot != std::string::npos && dot > 0, ErrorKind::format,
                   "{}: tensor '{}' has no place in a pruned model", origin, array->name);
    std::string name = array->name;
    name[dot] = '/';
    const bool buffer = name.ends_with("/running_mean") || name.ends_with("/running_var");
    document.arrays.push_back(*array);
    document.arrays.back().name = (buffer ? "buffers/" : "parameters/") + name;
  }
  return sparse_model_from_document(document, origin);
}

}  // namespace varphase
