// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/sparse/compact.hpp"

#include <algorithm>
#include <map>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include "analysis/sparse/load_unpruned.hpp"
#include "src/base/json.hpp"

namespace varphase {
namespace {

/// A layer with weights, and what lies between it and the next one.
struct Weighted {
  std::size_t position = 0;
  Layer* layer = nullptr;
  bool variance_layer = false;
  at::Tensor mean,
      variance;      // float64 [out, in, cells]: cells of a kernel, or positions of an input
  at::Tensor bias;   // float64 [out], zeros without one
  at::Tensor added;  // float64 [out], what constants add to the bias
  at::Tensor alive;  // bool [out]
  bool pads = false;
  bool dropout_behind = false;
};

/// Mean and variance of all weights, as the layer computes with them.
void take_weights_of(Weighted& weighted, const SparseModel& model, std::int64_t inputs) {
  Layer& layer = *weighted.layer;
  const WeightAndBias plain = weight_and_bias(layer);
  at::Tensor mean = plain.weight, variance;
  if (plain.bias.defined()) weighted.bias = plain.bias.detach().to(at::kDouble);
  if (const VarianceLayer* own = layer.as_variance()) {
    weighted.variance_layer = true;
    variance = own->effective_variance();
    for (const PrunedLayer& pruned : model.layers) {
      if (pruned.layer != layer.name()) continue;
      const EffectiveWeights weights = effective_weights(pruned);
      mean = tensor_from_array(make_array<float>("", pruned.shape, weights.mean));
      variance = tensor_from_array(make_array<float>("", pruned.shape, weights.variance));
    }
  }
  if (!variance.defined()) variance = at::zeros(mean.sizes());
  const std::int64_t out = mean.size(0);
  weighted.mean = mean.to(at::kDouble).contiguous().reshape({out, inputs, -1});
  weighted.variance = variance.to(at::kDouble).contiguous().reshape({out, inputs, -1});
  if (!weighted.bias.defined()) weighted.bias = at::zeros({out}, at::kDouble);
  weighted.added = at::zeros({out}, at::kDouble);
  weighted.alive = at::ones({out}, at::kBool);
  weighted.pads = layer.traits().geometry.padding > 0;
}

/// The network as its layers with weights. @throws Error unsupported (see compact).
std::vector<Weighted> weighted_layers(Network& network, const SparseModel& model) {
  std::vector<Weighted> list;
  std::int64_t channels = network.input()[0];
  for (std::size_t i = 0; i < network.layers().size(); ++i) {
    Layer& layer = *network.layers()[i];
    const LayerTraits traits = layer.traits();
    if (traits.weighted()) {
      Weighted weighted;
      weighted.position = i;
      weighted.layer = &layer;
      take_weights_of(weighted, model, channels);
      channels = layer.output_shape()[0];
      list.push_back(std::move(weighted));
      continue;
    }
    const bool dropout = traits.noise == LayerTraits::Noise::activations;
    bool by_channel = traits.by_channel && layer.children().empty();
    // A batch norm behind a flatten has numbers for every position of a channel.
    for (const Parameter& parameter : layer.parameters())
      by_channel = by_channel && parameter.tensor->numel() == channels;
    VARPHASE_CHECK(by_channel, ErrorKind::unsupported,
                   "{}: units cannot be taken out before a {} that does not treat channels alike",
                   layer.name(), layer.kind());
    if (dropout && !list.empty()) list.back().dropout_behind = true;
  }
  return list;
}

/// What each unit of a layer gives to the next one where nothing comes in. float64 [out]
at::Tensor constants(Network& network, const Weighted& weighted, std::size_t next) {
  Shape shape = weighted.layer->output_shape();
  at::Tensor b = (weighted.bias + weighted.added).view({1, -1});
  while (static_cast<std::size_t>(b.dim()) < shape.size() + 1) b = b.unsqueeze(-1);
  shape.insert(shape.begin(), 1);
  const at::Tensor out =
      network.forward_range(b.expand(shape).contiguous(), Forward{}, weighted.position + 1, next);
  return out.reshape({b.size(1), -1}).select(1, 0);
}

/// One look at the units of layer l: removes what can be removed. @return whether there was any.
bool remove_dead(Network& network, std::vector<Weighted>& list, std::size_t l) {
  Weighted& own = list[l];
  Weighted& next = list[l + 1];
  const at::Tensor inputs = l > 0 ? list[l - 1].alive : at::ones({own.mean.size(1)}, at::kBool);
  const auto used = [](const Weighted& w) {
    return w.mean.ne(0).logical_or(w.variance.ne(0)).any(2);
  };
  const at::Tensor fed = used(own).logical_and(inputs.unsqueeze(0)).any(1);
  const at::Tensor needed = used(next).logical_and(next.alive.unsqueeze(1)).any(0);
  const at::Tensor c = constants(network, own, next.position);
  const at::Tensor spread = next.variance.ne(0).any(2).logical_and(next.alive.unsqueeze(1)).any(0);
  at::Tensor movable = spread.logical_not();
  if (own.dropout_behind || next.pads) movable = at::zeros_like(movable);
  const at::Tensor constant = fed.logical_not().logical_and(c.eq(0).logical_or(movable));
  at::Tensor gone = own.alive.logical_and(needed.logical_not().logical_or(constant));
  if (at::equal(gone, own.alive)) gone[gone.nonzero()[0].item<std::int64_t>()] = false;
  if (!gone.any().item<bool>()) return false;
  const at::Tensor moved = gone.logical_and(fed.logical_not());
  next.added += next.mean.sum(2).matmul(at::where(moved, c, 0));
  own.alive = own.alive.logical_and(gone.logical_not());
  return true;
}

at::Tensor places(const at::Tensor& alive) { return alive.nonzero().flatten(); }

/// Rows and columns of a layer's array that stay: one of the weight's shape, of a row each, or of
/// the whole layer.
at::Tensor sliced(const at::Tensor& values, const Shape& weight, const at::Tensor& rows,
                  const at::Tensor& columns, std::int64_t inputs) {
  if (values.sizes() == weight) {
    Shape shape = weight;
    const at::Tensor cells = values.reshape({weight[0], inputs, -1});
    shape[0] = rows.numel();
    shape[1] = columns.numel() * (weight[1] / inputs);
    return cells.index_select(0, rows).index_select(1, columns).reshape(shape);
  }
  return values.dim() > 0 && values.size(0) == weight[0] ? values.index_select(0, rows) : values;
}

/// The arrays of the smaller network.
class Smaller {
 public:
  Smaller(const SparseModel& from, Network& network, const std::vector<Weighted>& list)
      : from_(from), network_(network), list_(list) {}

  SparseModel made() {
    made_ = from_;
    Json config = parse_json(from_.config, "config");
    at::Tensor channels = places(at::ones({network_.input()[0]}, at::kBool));
    std::size_t l = 0;
    for (std::size_t i = 0; i < network_.layers().size(); ++i) {
      Layer& layer = *network_.layers()[i];
      if (l < list_.size() && list_[l].position == i) {
        const at::Tensor rows = places(list_[l].alive);
        take_weighted(list_[l], rows, channels, config["network"]["layers"][i]);
        channels = rows;
        ++l;
      } else {
        for (auto* arrays : {&made_.parameters, &made_.buffers}) {
          for (Array& array : *arrays) {
            if (layer_name(array) == layer.name())
              array = array_from_tensor(
                  array.name, tensor_from_array(array).index_select(0, channels), array.dims);
          }
        }
      }
    }
    made_.config = config.dump();
    return std::move(made_);
  }

 private:
  static std::string layer_name(const Array& array) {
    return array.name.substr(0, array.name.rfind('/'));
  }

  void take_weighted(const Weighted& weighted, const at::Tensor& rows, const at::Tensor& columns,
                     Json& entry) {
    const std::string name = weighted.layer->name();
    const std::int64_t inputs = weighted.mean.size(1);
    Json& options = entry[std::string(weighted.layer->kind())];
    options["out"] = rows.numel();
    const WeightAndBias plain = weight_and_bias(*weighted.layer);
    const at::Tensor bias = (weighted.bias + weighted.added).index_select(0, rows).to(at::kFloat);
    const bool gets_bias = !plain.bias.defined() && weighted.added.ne(0).any().item<bool>();
    if (gets_bias) options["bias"] = true;
    for (Array& array : made_.parameters) {
      if (layer_name(array) != name) continue;
      at::Tensor values = tensor_from_array(array);
      values = array.name == name + "/bias"
                   ? bias
                   : sliced(values, plain.weight.sizes().vec(), rows, columns, inputs);
      array = array_from_tensor(array.name, values, array.dims);
    }
    if (gets_bias) made_.parameters.push_back(array_from_tensor(name + "/bias", bias, "out"));
    for (PrunedLayer& pruned : made_.layers) {
      if (pruned.layer == name) pruned = sliced_layer(pruned, rows, columns, inputs);
    }
  }

  static PrunedLayer sliced_layer(const PrunedLayer& pruned, const at::Tensor& rows,
                                  const at::Tensor& columns, std::int64_t inputs) {
    const EffectiveWeights weights = effective_weights(pruned);
    const auto part = [&](const at::Tensor& values) {
      return sliced(values, pruned.shape, rows, columns, inputs);
    };
    const auto floats = [&](const std::vector<float>& values) {
      return part(tensor_from_array(make_array<float>("", pruned.shape, values)));
    };
    const std::vector<std::uint8_t> keep = unpack_mask(pruned.mask, pruned.count());
    const at::Tensor mask =
        part(tensor_from_array(make_array<std::uint8_t>("", pruned.shape, keep))).contiguous();
    const auto* bytes = mask.data_ptr<std::uint8_t>();
    const at::Tensor mean = floats(weights.mean);
    return make_pruned_layer(pruned.layer, mean.sizes().vec(), pruned.replace,
                             pruned.parameterization, host_floats(mean),
                             host_floats(floats(weights.variance)),
                             {bytes, static_cast<std::size_t>(mask.numel())});
  }

  const SparseModel& from_;
  Network& network_;
  const std::vector<Weighted>& list_;
  SparseModel made_;
};

}  // namespace

std::int64_t CompactModel::units_removed() const {
  std::int64_t total = 0;
  for (const CompactedLayer& layer : layers) total += layer.units_before - layer.units;
  return total;
}

CompactModel compact(const SparseModel& model) {
  const at::NoGradGuard no_gradients;
  const Json config = parse_json(model.config, "the pruned model's config");
  VARPHASE_CHECK(config.contains("network"), ErrorKind::format,
                 "the pruned model's config has no \"network\"");
  Network network(config["network"]);
  load_unpruned(network, model);
  std::vector<Weighted> list = weighted_layers(network, model);
  network.to(at::kDouble);
  for (bool any = true; any;) {
    any = false;
    for (std::size_t l = 0; l + 1 < list.size(); ++l) any = remove_dead(network, list, l) || any;
  }
  CompactModel compacted;
  std::int64_t inputs = list.empty() ? 0 : list.front().mean.size(1);
  for (const Weighted& weighted : list) {
    CompactedLayer row;
    row.layer = weighted.layer->name();
    row.units_before = weighted.alive.numel();
    row.units = weighted.alive.sum().item<std::int64_t>();
    row.weights_before = weighted.mean.numel();
    row.weights = row.units * inputs * weighted.mean.size(2);
    inputs = row.units;
    compacted.layers.push_back(row);
  }
  compacted.model = Smaller(model, network, list).made();
  return compacted;
}

}  // namespace varphase
