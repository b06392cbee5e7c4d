// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/models/patterns.hpp"

#include <fmt/format.h>

#include "src/layers/batch_norm.hpp"

namespace varphase {

BatchNorm* norm_behind(const LayerList& layers, std::size_t position) {
  return position + 1 < layers.size() ? layers[position + 1]->as_batch_norm() : nullptr;
}

VarianceLayer* variance_before(const LayerList& layers, std::size_t position) {
  return position > 0 ? layers[position - 1]->as_variance() : nullptr;
}

std::optional<ElementwiseTraits> activation_behind(const LayerList& layers, std::size_t position) {
  for (std::size_t i = position + 1; i < layers.size(); ++i) {
    if (const auto phi = layers[i]->traits().elementwise) return phi;
    if (layers[i]->as_batch_norm() == nullptr) return std::nullopt;
  }
  return std::nullopt;
}

std::optional<HeadPattern> head_at(const LayerList& layers, std::size_t position,
                                   std::string* why) {
  const auto refuse = [&](const std::string& reason) {
    if (why != nullptr) *why = reason;
    return std::nullopt;
  };
  HeadPattern head;
  head.variance = layers[position]->as_variance();
  if (head.variance == nullptr || head.variance->output_shape().size() != 1)
    return refuse(fmt::format("{} is no variance dense layer", layers[position]->name()));
  std::size_t next = position + 1;
  head.norm = norm_behind(layers, position);
  if (head.norm != nullptr) ++next;
  if (next < layers.size()) {
    if (const auto phi = layers[next]->traits().elementwise) {
      head.phi = *phi;
      ++next;
    }
  }
  if (next + 1 != layers.size() || layers[next]->as_variance() != nullptr ||
      layers[next]->traits().weights != LayerTraits::Weights::dense) {
    return refuse(fmt::format("{} follows {}, where one dense layer to the logits is wanted",
                              next < layers.size() ? layers[next]->name() : "nothing",
                              layers[next - 1]->name()));
  }
  head.dense = layers[next].get();
  return head;
}

std::optional<NormPoolBlock> norm_pool_at(const LayerList& layers, std::size_t first,
                                          std::size_t last) {
  const BatchNorm* norm = layers[first]->as_batch_norm();
  if (norm == nullptr || first + 1 >= last) return std::nullopt;
  const auto phi = layers[first + 1]->traits().elementwise;
  if (!phi) return std::nullopt;
  NormPoolBlock block(*norm, *phi);
  if (first + 2 < last) {
    const LayerTraits traits = layers[first + 2]->traits();
    if (traits.pool == LayerTraits::Pool::max) block.add_pool(traits.window);
  }
  const std::size_t next = first + block.length();
  if (next >= layers.size() || layers[next]->output_shape().size() == 1) block.end_channels_first();
  return block;
}

std::optional<ConvPoolBlock> conv_pool_at(const LayerList& layers, std::size_t first,
                                          std::size_t last, Where where) {
  if (first + 1 >= last) return std::nullopt;
  const auto tail = norm_pool_at(layers, first + 1, last);
  return tail ? ConvPoolBlock::of(*layers[first], *tail, where) : std::nullopt;
}

}  // namespace varphase
