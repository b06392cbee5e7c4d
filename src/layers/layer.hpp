// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "src/base/json.hpp"
#include "src/base/registry.hpp"
#include "src/layers/forward.hpp"
#include "src/layers/layer_traits.hpp"
#include "src/torch/shape.hpp"
#include "src/variance/parameterization.hpp"
#include "src/variance/uniform_tensor.hpp"

namespace varphase {

/// What a parameter is to the optimizer.
enum class Role { weight, variance };

struct Parameter {
  std::string name;  // "weight", "mean", "log_alpha", "log_sigma2"
  at::Tensor* tensor;
  Role role = Role::weight;
  std::string dims;  // "out,in"
};

struct Buffer {
  std::string name;
  at::Tensor* tensor;
  std::string dims;
};

class BatchNorm;
class VarianceLayer;

/// One layer of a network. Shapes are without the batch dimension.
class Layer {
 public:
  virtual ~Layer() = default;
  virtual std::string_view kind() const = 0;
  /// Its options as they stand in a spec; null where it has none.
  virtual Json options() const { return nullptr; }
  virtual Shape output_shape() const = 0;
  /// @param x [N, ...] @return [N, output_shape...]
  virtual at::Tensor forward(const at::Tensor& x, const Forward& how) = 0;
  virtual LayerTraits traits() const { return {}; }
  /// Its own, without those of the layers that it holds.
  virtual std::vector<Parameter> parameters() { return {}; }
  virtual std::vector<Buffer> buffers() { return {}; }
  /// Draws the initial values (stream initial_value, this layer's number); the network does so for
  /// the layers that this one holds.
  virtual void initialize(const NoiseKey&) {}
  /// The layers that this one holds and runs in its forward, which hands `how` on to them: the
  /// network names and numbers them, and trains, stores, moves and counts what is in them.
  virtual std::vector<Layer*> children() { return {}; }

  /// This layer where its weights have variances; null for any other.
  virtual VarianceLayer* as_variance() { return nullptr; }
  /// This layer where it normalizes by running statistics; null for any other.
  virtual BatchNorm* as_batch_norm() { return nullptr; }

  const std::string& name() const { return name_; }
  std::uint16_t number() const { return number_; }
  void place(std::string name, std::uint16_t number) {
    name_ = std::move(name);
    number_ = number;
  }

 private:
  std::string name_;
  std::uint16_t number_ = 0;
};

/// The layer and those within it, each before the ones that it holds: PyTorch's modules().
std::vector<Layer*> modules(Layer& layer);

/// Whether modes other than Mode::mean draw noise in this layer or in one within it.
bool draws_noise(Layer& layer);

struct WeightAndBias {
  at::Tensor weight, bias;  // bias undefined: none
};

/// What a layer whose traits say that it has weights computes with, [out, in...] and [out]; a
/// variance layer at its effective means.
WeightAndBias weight_and_bias(Layer& layer);

/// Makes a layer from its options and the shape of its input. @throws Error usage or shape.
using LayerFactory = std::unique_ptr<Layer> (*)(const Json& options, const Shape& input);

struct LayerKind {
  LayerFactory make;
  std::string name_stem;  // "dense" for dense and variance_dense: dense1, dense2, ...
};

/// All layer kinds by the name that a spec gives them.
const Registry<LayerKind>& layer_kinds();

}  // namespace varphase
