// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/kappa/kappa_map.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <span>

#include <fmt/format.h>

#include "checkpoints/file_kind.hpp"
#include "checkpoints/provenance.hpp"
#include "src/base/json.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kRowFigures = 5;

std::string layer_array(const std::string& layer, std::string_view name) {
  return fmt::format("layers/{}/{}", layer, name);
}

/// Checks one of the two maps of a layer; `path` is the file, for the message.
void check_map(const std::string& path, const Array& array) {
  VARPHASE_CHECK(array.type == ElementType::float32, ErrorKind::format, "{}: {} is not float32",
                 path, array.name);
  const std::span<const float> values = array.as<float>();
  const auto bad =
      std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
  VARPHASE_CHECK(
      bad == values.end(), ErrorKind::format,
      "{}: {} holds {} at entry {}, wants finite numbers\n  compute it again with: varphase kappa",
      path, array.name, *bad, bad - values.begin());
}

const Array& counts_array(const Document& document, const std::string& path,
                          const std::string& name, std::int64_t extent) {
  const Array& array = document.array(name);
  VARPHASE_CHECK(
      array.type == ElementType::int64 && array.shape == std::vector<std::int64_t>{extent},
      ErrorKind::format, "{}: {} is not a list of {} int64 numbers", path, name, extent);
  return array;
}

/// The stored histogram must be that of as many weights as the layer has; which bin a value on an
/// edge falls into may differ by the machine's pow(), so the bins themselves are not compared.
void check_histogram(const Document& document, const std::string& path, const LayerKappa& layer) {
  const auto bins =
      counts_array(document, path, layer_array(layer.layer, "histogram"), LogHistogram::kBins)
          .as<std::int64_t>();
  const auto counts =
      counts_array(document, path, layer_array(layer.layer, "counts"), 5).as<std::int64_t>();
  const auto possible = [&](std::int64_t count) { return count >= 0 && count <= layer.count(); };
  VARPHASE_CHECK(std::all_of(bins.begin(), bins.end(), possible) &&
                     std::all_of(counts.begin(), counts.end(), possible),
                 ErrorKind::format,
                 "{}: the histogram of layer {} has counts that are none of its {} weights\n"
                 "  compute it again with: varphase kappa",
                 path, layer.layer, layer.count());
  std::int64_t total = counts[2] + counts[3] + counts[4];
  for (const std::int64_t count : bins) total += count;
  VARPHASE_CHECK(
      total == layer.count() && counts[4] == 0, ErrorKind::format,
      "{}: the histogram of layer {} counts {} weights ({} not finite), the layer has {}\n"
      "  compute it again with: varphase kappa",
      path, layer.layer, total, counts[4], layer.count());
}

struct NamedMap {
  std::string_view name;
  std::vector<float>* values;
  const char* unit;
};

/// The maps of a layer as a file names them; all but the first may be missing.
std::vector<NamedMap> maps_of(LayerKappa& layer) {
  return {{"hessian_diagonal", &layer.hessian_diagonal, "nats"},
          {"variance", &layer.variance, "1"},
          {"standard_error", &layer.standard_error, "nats"},
          {"gauss_newton", &layer.gauss_newton, "nats"},
          {"gradient", &layer.gradient, "nats"},
          {"fisher", &layer.fisher, "nats^2"}};
}

std::vector<std::string> layer_names(const Document& document, const std::string& path,
                                     const char* attribute) {
  if (document.find_attribute(attribute) == nullptr) return {};
  const Json names =
      parse_json(document.text(attribute), fmt::format("{}: attribute {}", path, attribute));
  VARPHASE_CHECK(names.is_array(), ErrorKind::format, "{}: attribute {} is not a list of names",
                 path, attribute);
  std::vector<std::string> layers;
  std::set<std::string> once;
  for (const Json& name : names) {
    VARPHASE_CHECK(name.is_string(), ErrorKind::format, "{}: attribute {} is not a list of names",
                   path, attribute);
    layers.push_back(name.get<std::string>());
    VARPHASE_CHECK(once.insert(layers.back()).second, ErrorKind::format,
                   "{}: attribute {} names layer {} twice", path, attribute, layers.back());
  }
  return layers;
}

}  // namespace

double LayerKappa::kappa(std::int64_t i) const {
  const auto at = static_cast<std::size_t>(i);
  return static_cast<double>(variance[at]) * static_cast<double>(hessian_diagonal[at]);
}

std::int64_t LayerKappa::over(double kappa0) const {
  std::int64_t found = 0;
  for (std::int64_t i = 0; i < count(); ++i) found += std::abs(kappa(i)) > kappa0 ? 1 : 0;
  return found;
}

std::int64_t LayerKappa::uncertain(double kappa0) const {
  if (standard_error.empty()) return 0;
  std::int64_t found = 0;
  for (std::int64_t i = 0; i < count(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const double error =
        static_cast<double>(variance[at]) * static_cast<double>(standard_error[at]);
    found += std::abs(std::abs(kappa(i)) - kappa0) <= 2 * error ? 1 : 0;
  }
  return found;
}

LogHistogram LayerKappa::histogram() const {
  LogHistogram histogram;
  for (std::int64_t i = 0; i < count(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    histogram.add_product(has_variance() ? variance[at] : 1, hessian_diagonal[at]);
  }
  return histogram;
}

const LayerKappa& KappaMap::layer(const std::string& name) const {
  VARPHASE_CHECK(!layers.empty(), ErrorKind::shape, "a kappa map without layers");
  if (name.empty()) return layers.front();
  std::vector<std::string> known;
  for (const LayerKappa& candidate : layers) {
    if (candidate.layer == name) return candidate;
    known.push_back(candidate.layer);
  }
  fail(ErrorKind::usage, "no kappa for a layer '{}'; the map of epoch {} has: {}", name, epoch,
       fmt::join(known, ", "));
}

namespace {

void add_layer(Document& document, LayerKappa layer, const KappaProof* proof, std::int64_t epoch) {
  const LogHistogram histogram = layer.histogram();
  const std::array<std::int64_t, 5> counts{histogram.zeros, histogram.negative, histogram.underflow,
                                           histogram.overflow, histogram.non_finite};
  VARPHASE_CHECK(histogram.non_finite == 0, ErrorKind::numeric,
                 "kappa of layer {} at epoch {}: {} of {} entries are not finite", layer.layer,
                 epoch, histogram.non_finite, layer.count());
  const char* dims = layer.shape.size() == 4 ? "out,in,height,width" : "out,in";
  for (const auto& [name, values, unit] : maps_of(layer)) {
    if (!values->empty())
      document.arrays.push_back(
          make_array<float>(layer_array(layer.layer, name), layer.shape, *values, dims, unit));
  }
  document.arrays.push_back(make_array<std::int64_t>(layer_array(layer.layer, "histogram"),
                                                     {LogHistogram::kBins}, histogram.bins, "bin",
                                                     "weights"));
  document.arrays.push_back(
      make_array<std::int64_t>(layer_array(layer.layer, "counts"), {5}, counts,
                               "zeros_negative_underflow_overflow_non_finite", "weights"));
  if (proof == nullptr) return;
  const std::array<double, 2> verified{static_cast<double>(proof->entries),
                                       proof->worst_relative_error};
  document.arrays.push_back(make_array<double>(layer_array(layer.layer, "verified"), {2}, verified,
                                               "entries_worst_relative_error", "1"));
  if (proof->rows.rows == 0) return;
  const std::array<double, kRowFigures> rows{
      static_cast<double>(proof->rows.rows), proof->rows.asymmetry, proof->rows.direction_error,
      proof->rows.largest_off_diagonal, proof->rows.diagonal_share};
  document.arrays.push_back(make_array<double>(
      layer_array(layer.layer, "rows"), {kRowFigures}, rows,
      "rows_asymmetry_direction_error_largest_off_diagonal_diagonal_share", "1"));
}

/// How each layer's curvature was made: {"conv1": {"method": ..., "smooth": ..., "factors": ...}}.
Json making_of(const KappaMap& map) {
  Json made = Json::object();
  for (const auto* list : {&map.layers, &map.plain_layers}) {
    for (const LayerKappa& layer : *list)
      made[layer.layer] = {
          {"method", layer.method}, {"smooth", layer.smooth}, {"factors", layer.factors}};
  }
  return made;
}

void read_layer(const Document& document, const std::string& path, LayerKappa& layer) {
  const Array& hessian = document.array(layer_array(layer.layer, "hessian_diagonal"));
  VARPHASE_CHECK(hessian.count() > 0, ErrorKind::format, "{}: {} is empty", path, hessian.name);
  layer.shape = hessian.shape;
  for (const auto& [name, values, unit] : maps_of(layer)) {
    const Array* array = document.find_array(layer_array(layer.layer, name));
    if (array == nullptr) continue;
    VARPHASE_CHECK(array->shape == layer.shape, ErrorKind::format,
                   "{}: layer {}: hessian_diagonal has shape [{}], {} [{}]; they must be equal",
                   path, layer.layer, fmt::join(layer.shape, ", "), name,
                   fmt::join(array->shape, ", "));
    check_map(path, *array);
    const auto entries = array->as<float>();
    if (name == "variance" || name == "standard_error") {
      const auto below =
          std::find_if(entries.begin(), entries.end(), [](float value) { return value < 0; });
      VARPHASE_CHECK(below == entries.end(), ErrorKind::format,
                     "{}: {} holds {} at entry {}, a {} is never negative", path, array->name,
                     *below, below - entries.begin(), name);
    }
    values->assign(entries.begin(), entries.end());
  }
  check_histogram(document, path, layer);
  const Attribute* making = document.find_attribute("making");
  if (making == nullptr) return;
  const Json made = parse_json(document.text("making"), path + ": attribute making");
  VARPHASE_CHECK(made.is_object(), ErrorKind::format, "{}: attribute making is no object", path);
  const auto of = made.find(layer.layer);
  if (of == made.end() || !of->is_object()) return;
  try {
    layer.method = of->value("method", layer.method);
    layer.smooth = of->value("smooth", layer.smooth);
    layer.factors = of->value("factors", layer.factors);
  } catch (const Json::exception& error) {
    fail(ErrorKind::format, "{}: attribute making, layer {}: {}", path, layer.layer, error.what());
  }
}

/// A whole number that is stored among float64 numbers.
void check_count(const std::string& path, const Array& array, double count) {
  constexpr double kMost = 9007199254740992.0;  // to which float64 counts one by one
  VARPHASE_CHECK(count >= 0 && count <= kMost, ErrorKind::format, "{}: {} begins with {}, no count",
                 path, array.name, count);
}

void read_layers(const Document& document, const std::string& path, const char* attribute,
                 std::vector<LayerKappa>& layers, std::vector<KappaProof>& proofs) {
  for (const std::string& name : layer_names(document, path, attribute)) {
    LayerKappa layer;
    layer.layer = name;
    layer.smooth = document.text("smooth");
    read_layer(document, path, layer);
    layers.push_back(std::move(layer));
    if (const Array* verified = document.find_array(layer_array(name, "verified"))) {
      VARPHASE_CHECK(
          verified->type == ElementType::float64 && verified->shape == std::vector<std::int64_t>{2},
          ErrorKind::format, "{}: {} is not a list of 2 float64 numbers", path, verified->name);
      const auto proof = verified->as<double>();
      check_count(path, *verified, proof[0]);
      proofs.push_back({static_cast<std::int64_t>(proof[0]), proof[1], {}});
      if (const Array* stored = document.find_array(layer_array(name, "rows"))) {
        VARPHASE_CHECK(stored->type == ElementType::float64 &&
                           stored->shape == std::vector<std::int64_t>{kRowFigures},
                       ErrorKind::format, "{}: {} is not a list of {} float64 numbers", path,
                       stored->name, kRowFigures);
        const auto rows = stored->as<double>();
        check_count(path, *stored, rows[0]);
        proofs.back().rows = {static_cast<std::int64_t>(rows[0]), rows[1], rows[2], rows[3],
                              rows[4]};
      }
    }
  }
}

}  // namespace

Document to_document(const KappaMap& map) {
  Document document;
  document.kind = "kappa";
  const auto names = [](const std::vector<LayerKappa>& layers) {
    Json list = Json::array();
    for (const LayerKappa& layer : layers) list.push_back(layer.layer);
    return list.dump();
  };
  document.attributes = {{"epoch", map.epoch},
                         {"images", map.images},
                         {"split", map.split},
                         {"method", map.method},
                         {"smooth", map.smooth},
                         {"layers", names(map.layers)},
                         {"histogram_first_log10", LogHistogram::kFirst},
                         {"histogram_width_log10", LogHistogram::kWidth},
                         {"making", making_of(map).dump()}};
  if (map.label) document.attributes.emplace_back("class", *map.label);
  if (map.repeatable)
    document.attributes.emplace_back("repeatable", static_cast<std::int64_t>(*map.repeatable));
  if (!map.plain_layers.empty())
    document.attributes.emplace_back("plain_layers", names(map.plain_layers));
  for (const auto& [key, value] : map.provenance) {
    document.attributes.emplace_back(fmt::format("{}{}", kProvenance, key), value);
  }
  for (std::size_t l = 0; l < map.layers.size(); ++l)
    add_layer(document, map.layers[l], l < map.proofs.size() ? &map.proofs[l] : nullptr, map.epoch);
  for (std::size_t l = 0; l < map.plain_layers.size(); ++l)
    add_layer(document, map.plain_layers[l],
              l < map.plain_proofs.size() ? &map.plain_proofs[l] : nullptr, map.epoch);
  return document;
}

KappaMap kappa_from_document(const Document& document, const std::string& path) {
  require_kind(path, document.kind, {"kappa"});
  KappaMap map;
  map.epoch = document.integer("epoch");
  map.images = document.integer("images");
  map.split = document.text("split");
  map.method = document.text("method");
  map.smooth = document.text("smooth");
  VARPHASE_CHECK(map.epoch >= 0 && map.images > 0, ErrorKind::format,
                 "{}: epoch {} of {} images, wants at least epoch 0 and one image", path, map.epoch,
                 map.images);
  if (document.find_attribute("class") != nullptr) {
    map.label = document.integer("class");
    VARPHASE_CHECK(*map.label >= 0, ErrorKind::format, "{}: class {}, wants 0 or more", path,
                   *map.label);
  }
  if (document.find_attribute("repeatable") != nullptr)
    map.repeatable = document.integer("repeatable") != 0;
  for (const auto& [key, value] : document.attributes) {
    const std::string* text = std::get_if<std::string>(&value);
    for (const std::string_view prefix : {kProvenance, kOlderProvenance}) {
      if (text != nullptr && key.rfind(prefix, 0) == 0)
        map.provenance[key.substr(prefix.size())] = *text;
    }
  }
  read_layers(document, path, "layers", map.layers, map.proofs);
  read_layers(document, path, "plain_layers", map.plain_layers, map.plain_proofs);
  for (const LayerKappa& layer : map.layers) {
    VARPHASE_CHECK(layer.has_variance(), ErrorKind::format, "{}: layer {} has no variance", path,
                   layer.layer);
  }
  VARPHASE_CHECK(!map.layers.empty() || !map.plain_layers.empty(), ErrorKind::format,
                 "{}: a kappa file without layers", path);
  return map;
}

}  // namespace varphase
