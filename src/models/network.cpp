// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/models/network.hpp"

#include <algorithm>
#include <map>

#include <ATen/TensorOperators.h>

#include "src/base/error.hpp"
#include "src/layers/layer_suggestion.hpp"
#include "src/models/patterns.hpp"
#include "src/torch/kernel_arguments.hpp"

namespace varphase {
namespace {

constexpr std::size_t kMaxLayers = 65535;  // a noise key has 16 bits for the layer

std::pair<std::string, Json> kind_and_options(const Json& entry, std::size_t position) {
  if (entry.is_string()) return {entry.get<std::string>(), nullptr};
  VARPHASE_CHECK(entry.is_object() && entry.size() == 1, ErrorKind::usage,
                 "network: layer {} wants \"kind\" or {{\"kind\": options}}, got {}", position,
                 brief(entry));
  return {entry.begin().key(), entry.begin().value()};
}

const Json& required(const Json& spec, const char* key) {
  VARPHASE_CHECK(spec.is_object() && spec.contains(key), ErrorKind::usage,
                 "network: wants the key \"{}\"", key);
  return spec[key];
}

at::Tensor channels_last(const at::Tensor& tensor) {
  if (tensor.dim() != 4) return tensor;
  // contiguous() takes a tensor of one channel as it is, with strides that a convolution reads as
  // channels-first: so the strides are written out.
  const at::Tensor last = tensor.contiguous(at::MemoryFormat::ChannelsLast);
  const std::int64_t c = last.size(1), row = last.size(3) * c;
  return last.as_strided(last.sizes(), {last.size(2) * row, 1, row, c});
}

template <class Move>
void move_all(const std::vector<Layer*>& layers, Move move) {
  for (Layer* layer : layers) {
    for (Parameter& parameter : layer->parameters()) *parameter.tensor = move(*parameter.tensor);
    for (Buffer& buffer : layer->buffers()) *buffer.tensor = move(*buffer.tensor);
  }
}

}  // namespace

Network::Network(const Json& spec, const Registry<LayerKind>& kinds) : spec_(spec), kinds_(&kinds) {
  for (const auto& item : spec.items()) {
    const std::vector<std::string> known{"input", "classes", "layers"};
    VARPHASE_CHECK(std::find(known.begin(), known.end(), item.key()) != known.end(),
                   ErrorKind::usage, "network: unknown key '{}'{}", item.key(),
                   suggestion(item.key(), known));
  }
  const Json& input = required(spec, "input");
  VARPHASE_CHECK(input.is_array() && input.size() == 3, ErrorKind::usage,
                 "network: \"input\" wants [channels, height, width], got {}", brief(input));
  for (const Json& extent : input) {
    VARPHASE_CHECK(extent.is_number_integer() && extent.get<std::int64_t>() > 0 &&
                       extent.get<std::int64_t>() < 65536,
                   ErrorKind::usage,
                   "network: \"input\" wants three positive whole numbers, got {}", brief(input));
    input_.push_back(extent.get<std::int64_t>());
  }
  const Json& classes = required(spec, "classes");
  VARPHASE_CHECK(classes.is_number_integer() && classes.get<std::int64_t>() >= 2, ErrorKind::usage,
                 "network: \"classes\" wants a whole number of at least 2, got {}", brief(classes));
  classes_ = classes.get<std::int64_t>();
  const Json& list = required(spec, "layers");
  VARPHASE_CHECK(list.is_array() && !list.empty() && list.size() < kMaxLayers, ErrorKind::usage,
                 "network: \"layers\" wants a list of layers");

  Shape shape = input_;
  std::map<std::string, int> seen;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto [kind, options] = kind_and_options(list[i], i + 1);
    VARPHASE_CHECK(kinds.contains(kind), ErrorKind::usage,
                   "network: layer {} of {}: unknown layer '{}'{}", i + 1, list.size(), kind,
                   layer_suggestion(kind));
    const LayerKind& row = kinds.at(kind);
    try {
      std::unique_ptr<Layer> layer = row.make(options, shape);
      layer->place(fmt::format("{}{}", row.name_stem, ++seen[row.name_stem]),
                   static_cast<std::uint16_t>(i));
      shape = layer->output_shape();
      layers_.push_back(std::move(layer));
    } catch (const Error& error) {
      throw Error(error.kind(),
                  fmt::format("network: layer {} of {}: {}", i + 1, list.size(), error.what()));
    }
  }
  // Behind those of the list itself: a layer keeps its noise when others are put into a block.
  std::size_t next = layers_.size();
  for (const auto& layer : layers_) place_children(*layer, next);
  VARPHASE_CHECK(shape == Shape{classes_}, ErrorKind::shape,
                 "network: the last layer gives {}, {} classes want [{}]\n  end it with "
                 "{{\"dense\": {{\"out\": {}}}}}",
                 shape_text(shape), classes_, classes_, classes_);
}

void Network::place_children(Layer& parent, std::size_t& next) {
  std::map<std::string, int> seen;
  for (Layer* child : parent.children()) {
    VARPHASE_CHECK(next < kMaxLayers, ErrorKind::usage, "network: more than {} layers", kMaxLayers);
    const std::string kind(child->kind());
    const std::string stem = kinds_->contains(kind) ? kinds_->at(kind).name_stem : kind;
    child->place(fmt::format("{}.{}{}", parent.name(), stem, ++seen[stem]),
                 static_cast<std::uint16_t>(next++));
    place_children(*child, next);
  }
}

std::vector<Layer*> Network::modules() const {
  std::vector<Layer*> list;
  for (const auto& layer : layers_) {
    const std::vector<Layer*> within = varphase::modules(*layer);
    list.insert(list.end(), within.begin(), within.end());
  }
  return list;
}

void Network::initialize(std::uint64_t seed) {
  for (Layer* layer : modules())
    layer->initialize({seed, Stream::initial_value, layer->number(), 0});
}

at::Tensor Network::forward(const at::Tensor& x, const Forward& how) {
  return forward_range(x, how, 0, layers_.size());
}

at::Tensor Network::forward_range(at::Tensor x, const Forward& how, std::size_t first,
                                  std::size_t last) {
  for (std::size_t i = first; i < last;) {
    const auto conv =
        ConvPoolBlock::serves(x, how) ? conv_pool_at(layers_, i, last, where_of(x)) : std::nullopt;
    const auto norm = norm_pool_at(layers_, i, last);
    if (conv) {
      x = conv->forward(x);
      i += conv->length();
    } else if (norm && norm->serves(x, how)) {
      x = norm->forward(x, how);
      i += norm->length();
    } else {
      x = layers_[i++]->forward(x, how);
    }
  }
  return x;
}

std::vector<Network::NamedParameter> Network::parameters() const {
  std::vector<NamedParameter> list;
  for (Layer* layer : modules()) {
    for (Parameter& parameter : layer->parameters())
      list.push_back({layer->name() + "/" + parameter.name, parameter});
  }
  return list;
}

std::vector<Network::NamedBuffer> Network::buffers() const {
  std::vector<NamedBuffer> list;
  for (Layer* layer : modules()) {
    for (Buffer& buffer : layer->buffers())
      list.push_back({layer->name() + "/" + buffer.name, buffer});
  }
  return list;
}

std::vector<VarianceLayer*> Network::variance_layers() const {
  std::vector<VarianceLayer*> list;
  for (Layer* layer : modules()) {
    if (VarianceLayer* variance = layer->as_variance()) list.push_back(variance);
  }
  return list;
}

std::size_t Network::first_noise() const {
  std::size_t first = 0;
  while (first < layers_.size() && !draws_noise(*layers_[first])) ++first;
  return first;
}

Layer& Network::layer(const std::string& name) const {
  std::vector<std::string> known;
  for (Layer* layer : modules()) {
    if (layer->name() == name) return *layer;
    known.push_back(layer->name());
  }
  fail(ErrorKind::usage, "no layer '{}'{}", name, suggestion(name, known));
}

std::size_t Network::position(const std::string& name) const {
  const std::vector<VarianceLayer*> variance = variance_layers();
  VARPHASE_CHECK(!name.empty() || !variance.empty(), ErrorKind::unsupported,
                 "this network has no variance layer");
  const Layer& wanted = name.empty() ? *variance.front() : layer(name);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (layers_[i].get() == &wanted) return i;
  }
  fail(ErrorKind::unsupported,
       "{} lies within another layer: it is trained, stored and predicted with, but kappa, pruning "
       "and repairs reach the layers of the network's own list alone",
       wanted.name());
}

std::int64_t Network::weight_count() const {
  std::int64_t count = 0;
  for (const NamedParameter& entry : parameters()) {
    if (entry.parameter.role == Role::weight) count += entry.parameter.tensor->numel();
  }
  return count;
}

void Network::to(at::Device device) {
  const auto move = [&](const at::Tensor& tensor) { return channels_last(tensor.to(device)); };
  move_all(modules(), move);
  for (VarianceLayer* layer : variance_layers()) {
    if (layer->mask().defined()) layer->mutable_mask() = move(layer->mask());
  }
}

void Network::to(at::ScalarType type) {
  move_all(modules(), [&](const at::Tensor& tensor) { return tensor.to(type); });
}

void Network::require_gradients() {
  for (const NamedParameter& entry : parameters()) entry.parameter.tensor->set_requires_grad(true);
}

at::Tensor Network::kl(const Forward& how, const at::Tensor& step) const {
  at::Tensor total;
  for (const VarianceLayer* layer : variance_layers()) {
    const at::Tensor own = layer->kl(how, step);
    total = total.defined() ? total + own : own;
  }
  return total;
}

}  // namespace varphase
