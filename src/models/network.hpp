// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "src/base/json.hpp"
#include "src/base/snapshot.hpp"
#include "src/layers/variance_layer.hpp"

namespace varphase {

/// A network that runs its layers one after the other, made from its spec, a JSON object:
///
///     {"input": [1, 28, 28], "classes": 10, "layers": [{"conv2d": {"out": 20, "kernel": 5}},
///     "batch_norm", "relu", ...]}
///
/// A layer is {"kind": options} or just "kind". Layers are named by kind and count: conv1,
/// batch_norm1, dense1 (plain and variance dense layers count together). A layer that holds others
/// gives them its name: block1.dense1.
class Network {
 public:
  /// @throws Error usage or shape, naming the layer by number and kind.
  /// @param kinds what its layers may be, a table that outlives it; another than the usual one is
  /// for tests
  explicit Network(const Json& spec, const Registry<LayerKind>& kinds = layer_kinds());

  /// Another network of the same spec and kinds; initialize or load_network gives it values.
  Network blank() const { return Network(spec_, *kinds_); }

  const Json& spec() const { return spec_; }
  const Shape& input() const { return input_; }
  std::int64_t classes() const { return classes_; }
  std::vector<std::unique_ptr<Layer>>& layers() { return layers_; }
  const std::vector<std::unique_ptr<Layer>>& layers() const { return layers_; }
  /// All layers with those within them, each before the ones that it holds. What is asked of every
  /// layer is asked of these; layers() are for whoever needs to know what follows what.
  std::vector<Layer*> modules() const;

  /// Draws all initial values from the seed.
  void initialize(std::uint64_t seed);

  /// @param x [N, C, H, W] @return logits [N, classes]
  at::Tensor forward(const at::Tensor& x, const Forward& how);
  /// Layers first .. last - 1 alone.
  at::Tensor forward_range(at::Tensor x, const Forward& how, std::size_t first, std::size_t last);

  struct NamedParameter {
    std::string name;  // "dense1/mean"
    Parameter parameter;
  };
  struct NamedBuffer {
    std::string name;
    Buffer buffer;
  };
  std::vector<NamedParameter> parameters() const;
  std::vector<NamedBuffer> buffers() const;
  std::vector<VarianceLayer*> variance_layers() const;
  /// Position of the first layer that draws noise, or the number of layers: what lies before is the
  /// same for every member of an ensemble.
  std::size_t first_noise() const;
  /// A layer by name, also one within another. @throws Error usage with the known names.
  Layer& layer(const std::string& name) const;
  /// Position of a layer by name; "" = the first variance layer. @throws Error usage with the known
  /// names, unsupported for a layer within another, which no position leads to.
  std::size_t position(const std::string& layer) const;
  /// Shape of what the layer at that position takes in.
  Shape input_of(std::size_t position) const {
    return position == 0 ? input_ : layers_[position - 1]->output_shape();
  }
  /// Number of weights and biases: all parameters but the variances' own.
  std::int64_t weight_count() const;

  /// Moves all tensors; those of four dimensions come to lie channels-last, which convolutions are
  /// fastest with on either device.
  void to(at::Device device);
  void to(at::ScalarType type);
  void require_gradients();
  /// Sum of the variance layers' KL terms, undefined without such a layer. @param how, step as
  /// VarianceLayer::kl.
  at::Tensor kl(const Forward& how, const at::Tensor& step) const;

 private:
  void place_children(Layer& parent, std::size_t& next);

  Json spec_;
  const Registry<LayerKind>* kinds_;
  Shape input_;
  std::int64_t classes_ = 0;
  std::vector<std::unique_ptr<Layer>> layers_;
};

/// The network's parameters and buffers as arrays, copied to the host.
void store_network(const Network& network, Snapshot& snapshot);

/// @throws Error shape naming the array where the snapshot is of another architecture.
void load_network(Network& network, const Snapshot& snapshot);

/// Parameters, buffers and masks of a network of the same spec, in place: whoever holds the tensors
/// sees the new values.
void copy_network(const Network& from, Network& into);

Array array_from_tensor(std::string name, const at::Tensor& tensor, std::string dims = "");
at::Tensor tensor_from_array(const Array& array);

/// The entries as float32 on the host, row-major.
std::vector<float> host_floats(const at::Tensor& tensor);

}  // namespace varphase
