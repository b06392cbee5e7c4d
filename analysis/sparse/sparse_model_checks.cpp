// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/sparse/sparse_model_checks.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/ranges.h>

#include "checkpoints/array_values.hpp"
#include "src/base/json.hpp"
#include "src/base/suggest.hpp"

namespace varphase {
namespace {

const std::vector<std::string> kRules{"mean", "zero"};

}  // namespace

void check_rule(const std::string& replace, ErrorKind kind, const std::string& what) {
  const bool known = std::find(kRules.begin(), kRules.end(), replace) != kRules.end();
  VARPHASE_CHECK(known, kind, "{}: {}", what, unknown_name("replacement rule", replace, kRules));
}

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

void check_name(const std::string& name, const std::string& what) {
  const bool good = !name.empty() && name != "." && name != ".." &&
                    name.find('/') == std::string::npos &&
                    std::all_of(name.begin(), name.end(),
                                [](char c) { return static_cast<unsigned char>(c) >= 0x20; });
  VARPHASE_CHECK(good, ErrorKind::format, "{}: '{}' is no name of a layer or an array", what, name);
}

namespace {

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
  check_array_values(array, what);
}

}  // namespace

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
    once(fmt::format("{}{}", kLayersGroup, layer.layer));
  }
  for (const Array& array : model.parameters) {
    check_dense_array(array, path, std::string(kParametersGroup));
    once(fmt::format("{}{}", kParametersGroup, array.name));
  }
  for (const Array& array : model.buffers) {
    check_dense_array(array, path, std::string(kBuffersGroup));
    once(fmt::format("{}{}", kBuffersGroup, array.name));
  }
}

}  // namespace varphase
