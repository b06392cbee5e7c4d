// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/kappa/kappa_map.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include <fmt/format.h>

#include "src/base/json.hpp"

namespace varphase {
namespace {

constexpr std::string_view kProvenance = "provenance_";

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
  std::int64_t total = counts[2] + counts[3] + counts[4];
  for (const std::int64_t count : bins) total += count;
  VARPHASE_CHECK(
      total == layer.count() && counts[4] == 0, ErrorKind::format,
      "{}: the histogram of layer {} counts {} weights ({} not finite), the layer has {}\n"
      "  compute it again with: varphase kappa",
      path, layer.layer, total, counts[4], layer.count());
}

std::vector<std::string> layer_names(const Document& document, const std::string& path) {
  const Json names = parse_json(document.text("layers"), path + ": attribute layers");
  VARPHASE_CHECK(names.is_array() && !names.empty(), ErrorKind::format,
                 "{}: attribute layers is not a list of names", path);
  std::vector<std::string> layers;
  for (const Json& name : names) {
    VARPHASE_CHECK(name.is_string(), ErrorKind::format,
                   "{}: attribute layers is not a list of names", path);
    layers.push_back(name.get<std::string>());
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

LogHistogram LayerKappa::histogram() const {
  LogHistogram histogram;
  for (std::int64_t i = 0; i < count(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    histogram.add_product(variance[at], hessian_diagonal[at]);
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

Document to_document(const KappaMap& map) {
  Document document;
  document.kind = "kappa";
  Json names = Json::array();
  for (const LayerKappa& layer : map.layers) names.push_back(layer.layer);
  document.attributes = {{"epoch", map.epoch},
                         {"images", map.images},
                         {"split", map.split},
                         {"method", map.method},
                         {"smooth", map.smooth},
                         {"layers", names.dump()},
                         {"histogram_first_log10", LogHistogram::kFirst},
                         {"histogram_width_log10", LogHistogram::kWidth}};
  for (const auto& [key, value] : map.provenance) {
    document.attributes.emplace_back(fmt::format("{}{}", kProvenance, key), value);
  }
  for (std::size_t l = 0; l < map.layers.size(); ++l) {
    const LayerKappa& layer = map.layers[l];
    const LogHistogram histogram = layer.histogram();
    const std::array<std::int64_t, 5> counts{histogram.zeros, histogram.negative,
                                             histogram.underflow, histogram.overflow,
                                             histogram.non_finite};
    VARPHASE_CHECK(histogram.non_finite == 0, ErrorKind::numeric,
                   "kappa of layer {} at epoch {}: {} of {} entries are not finite", layer.layer,
                   map.epoch, histogram.non_finite, layer.count());
    document.arrays.push_back(make_array<float>(layer_array(layer.layer, "hessian_diagonal"),
                                                layer.shape, layer.hessian_diagonal, "out,in",
                                                "nats"));
    document.arrays.push_back(make_array<float>(layer_array(layer.layer, "variance"), layer.shape,
                                                layer.variance, "out,in", "1"));
    document.arrays.push_back(make_array<std::int64_t>(layer_array(layer.layer, "histogram"),
                                                       {LogHistogram::kBins}, histogram.bins, "bin",
                                                       "weights"));
    document.arrays.push_back(
        make_array<std::int64_t>(layer_array(layer.layer, "counts"), {5}, counts,
                                 "zeros_negative_underflow_overflow_non_finite", "weights"));
    if (l < map.proofs.size()) {
      const std::array<double, 2> proof{static_cast<double>(map.proofs[l].entries),
                                        map.proofs[l].worst_relative_error};
      document.arrays.push_back(make_array<double>(layer_array(layer.layer, "verified"), {2}, proof,
                                                   "entries_worst_relative_error", "1"));
    }
  }
  return document;
}

KappaMap kappa_from_document(const Document& document, const std::string& path) {
  VARPHASE_CHECK(document.kind == "kappa", ErrorKind::format, "{}: a {} file, wants a kappa file",
                 path, document.kind);
  KappaMap map;
  map.epoch = document.integer("epoch");
  map.images = document.integer("images");
  map.split = document.text("split");
  map.method = document.text("method");
  map.smooth = document.text("smooth");
  VARPHASE_CHECK(map.epoch >= 0 && map.images > 0, ErrorKind::format,
                 "{}: epoch {} of {} images, wants at least epoch 0 and one image", path, map.epoch,
                 map.images);
  for (const auto& [key, value] : document.attributes) {
    const std::string* text = std::get_if<std::string>(&value);
    if (text != nullptr && key.rfind(kProvenance, 0) == 0)
      map.provenance[key.substr(kProvenance.size())] = *text;
  }
  for (const std::string& name : layer_names(document, path)) {
    const Array& hessian = document.array(layer_array(name, "hessian_diagonal"));
    const Array& variance = document.array(layer_array(name, "variance"));
    VARPHASE_CHECK(hessian.shape == variance.shape && hessian.count() > 0, ErrorKind::format,
                   "{}: layer {}: hessian_diagonal has shape [{}], variance [{}]; they must be "
                   "equal, and not empty",
                   path, name, fmt::join(hessian.shape, ", "), fmt::join(variance.shape, ", "));
    check_map(path, hessian);
    check_map(path, variance);
    const auto h = hessian.as<float>();
    const auto v = variance.as<float>();
    const auto below = std::find_if(v.begin(), v.end(), [](float value) { return value < 0; });
    VARPHASE_CHECK(below == v.end(), ErrorKind::format,
                   "{}: {} holds {} at entry {}, a variance is never negative", path, variance.name,
                   *below, below - v.begin());
    map.layers.push_back({name, hessian.shape, {h.begin(), h.end()}, {v.begin(), v.end()}});
    check_histogram(document, path, map.layers.back());
    if (const Array* verified = document.find_array(layer_array(name, "verified"))) {
      VARPHASE_CHECK(
          verified->type == ElementType::float64 && verified->shape == std::vector<std::int64_t>{2},
          ErrorKind::format, "{}: {} is not a list of 2 float64 numbers", path, verified->name);
      const auto proof = verified->as<double>();
      map.proofs.push_back({static_cast<std::int64_t>(proof[0]), proof[1]});
    }
  }
  return map;
}

}  // namespace varphase
