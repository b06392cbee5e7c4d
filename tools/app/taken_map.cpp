// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/taken_map.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/ranges.h>

#include "analysis/kappa/compute_kappa.hpp"
#include "src/base/log.hpp"
#include "tools/app/trained_images.hpp"

namespace varphase {
namespace {

/// Of the same weights: variances as a file has them, from whatever device.
bool same_variances(const std::vector<float>& a, const std::vector<float>& b) {
  constexpr float kRounding = 1e-4F;
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float one, float other) {
    return std::abs(one - other) <= kRounding * std::max(one, other);
  });
}

}  // namespace

TakenMap kappa_of(Network& network, const std::optional<MapFiles>& files, std::int64_t epoch,
                  const DeviceImages& train, const std::string& digest, const std::string& smooth,
                  Job& job) {
  KappaRequest request;
  request.smooth = smooth;
  const KappaPlan plan(network, request);
  std::vector<std::optional<LayerKappa>> found(plan.parts().size());
  std::vector<std::string> from;
  const std::vector<MapFiles::File> candidates =
      files ? files->of_epoch(epoch) : std::vector<MapFiles::File>{};
  const auto complete = [&] {
    return std::all_of(found.begin(), found.end(),
                       [](const auto& layer) { return layer.has_value(); });
  };
  for (const MapFiles::File& file : candidates) {
    if (complete()) break;
    KappaMap map;
    try {
      map = kappa_from_document(read_document(file.path, "kappa"), file.path.string());
    } catch (const Error& error) {
      log_warning(fmt::format("{}\n  left aside", error.what()));
      continue;
    }
    if (map.method != "exact" || map.split != split_name(train.split) || map.label ||
        map.epoch != epoch || map.images != train.count() ||
        map.provenance[kDatasetDigest] != digest)
      continue;
    bool took = false;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const KappaPlan::Part& part = plan.parts()[i];
      const VarianceLayer& layer = *network.layers()[part.position]->as_variance();
      for (LayerKappa& candidate : map.layers) {
        if (found[i] || candidate.layer != layer.name() || candidate.smooth != part.smooth ||
            candidate.shape != layer.mean().sizes().vec() ||
            !same_variances(candidate.variance, host_floats(layer.effective_variance())))
          continue;
        found[i] = std::move(candidate);
        took = true;
      }
    }
    if (took) from.push_back(file.path.lexically_relative(files->root().parent_path()).string());
  }
  if (complete()) {
    KappaMap map;
    map.epoch = epoch;
    map.images = train.count();
    map.split = split_name(train.split);
    map.smooth = plan.smooth_text(network);
    for (std::optional<LayerKappa>& layer : found) map.layers.push_back(std::move(*layer));
    return {std::move(map), fmt::format("{}", fmt::join(from, ", "))};
  }
  job.begin(fmt::format("kappa of epoch {}", epoch), plan.passes() * train.count(), "images");
  KappaMap map = compute_kappa(network, train, request, [&](std::int64_t n) { job.advance(n); });
  job.end();
  map.epoch = epoch;
  return {std::move(map), kComputedMap};
}

}  // namespace varphase
