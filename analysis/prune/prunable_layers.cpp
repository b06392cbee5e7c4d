// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/prunable_layers.hpp"

#include <algorithm>
#include <set>

#include "src/base/suggest.hpp"

namespace varphase {
namespace {

at::Tensor mask_tensor(const PrunedLayer& layer, at::Device device) {
  const std::vector<std::uint8_t> keep = unpack_mask(layer.mask, layer.count());
  const std::vector<float> values(keep.begin(), keep.end());
  return tensor_from_array(make_array<float>("", layer.shape, values)).to(device);
}

}  // namespace

std::vector<PrunableLayer> prunable_layers(const Network& network,
                                           const std::vector<std::string>& names,
                                           const SparseModel* before, const std::string& origin) {
  std::vector<std::string> known;
  for (const VarianceLayer* layer : network.variance_layers()) known.push_back(layer->name());
  VARPHASE_CHECK(!known.empty(), ErrorKind::unsupported,
                 "{}: this network has no variance layer, there is nothing to prune", origin);
  std::set<std::string> wanted;
  for (const std::string& name : names) {
    VARPHASE_CHECK(std::find(known.begin(), known.end(), name) != known.end(), ErrorKind::usage,
                   "no variance layer '{}'{}", name, suggestion(name, known));
    VARPHASE_CHECK(wanted.insert(name).second, ErrorKind::usage, "layer {} is named twice", name);
  }
  std::vector<PrunableLayer> layers;
  for (VarianceLayer* layer : network.variance_layers()) {
    if (!wanted.empty() && wanted.count(layer->name()) == 0) continue;
    PrunableLayer entry{network.position(layer->name()), layer, {}, {}};
    if (layer->mask().defined()) entry.kept = layer->mask().to(at::kFloat);  // of a finetuned run
    if (before != nullptr) {
      for (const PrunedLayer& pruned : before->layers) {
        if (pruned.layer == layer->name()) entry.kept = mask_tensor(pruned, layer->mean().device());
      }
    }
    layers.push_back(std::move(entry));
  }
  return layers;
}

}  // namespace varphase
