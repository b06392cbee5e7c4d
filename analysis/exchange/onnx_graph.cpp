// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/exchange/onnx_graph.hpp"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>

#include "src/base/version.hpp"
#include "src/layers/batch_norm.hpp"

namespace varphase {
namespace {

constexpr float kLeastVariance = 1e-16F;  // as sample_output has it

/// The graph while it grows, layer by layer.
class Builder {
 public:
  Builder(OnnxModel& model, OnnxMode mode) : model_(model), mode_(mode) {}

  OnnxMode mode() const { return mode_; }
  const std::string& current() const { return current_; }
  const Shape& shape() const { return shape_; }
  void set_current(std::string name, Shape shape) {
    current_ = std::move(name);
    shape_ = std::move(shape);
  }

  std::string node(const std::string& op, std::vector<std::string> inputs, std::string output,
                   std::vector<std::pair<std::string, OnnxNode::Value>> attributes = {}) {
    model_.nodes.push_back({op, std::move(inputs), {output}, std::move(attributes)});
    return output;
  }
  std::string constant(const std::string& name, const at::Tensor& values) {
    model_.initializers.push_back(array_from_tensor(name, values.detach().to(at::kFloat)));
    return name;
  }
  std::string scalar(const std::string& name, float value) {
    model_.initializers.push_back(make_array<float>(name, {}, {&value, 1}));
    return name;
  }
  std::string input(const std::string& name, const Shape& shape, const std::string& about) {
    model_.inputs.push_back({name, shape, about});
    return name;
  }
  void output(const std::string& name, const Shape& shape, const std::string& about) {
    model_.outputs.push_back({name, shape, about});
  }
  /// Replaces what the layers so far give by the output of one more node.
  void append(const Layer& layer, const std::string& op, std::vector<std::string> more = {},
              std::vector<std::pair<std::string, OnnxNode::Value>> attributes = {}) {
    std::vector<std::string> inputs{current_};
    inputs.insert(inputs.end(), more.begin(), more.end());
    set_current(node(op, inputs, layer.name() + ".output", std::move(attributes)),
                layer.output_shape());
  }
  /// The input of a dense layer, which takes images as rows.
  void flatten(const Layer& layer) {
    if (shape_.size() == 1) return;
    set_current(node("Flatten", {current_}, layer.name() + ".rows", {{"axis", std::int64_t{1}}}),
                {element_count(shape_)});
  }

 private:
  OnnxModel& model_;
  OnnxMode mode_;
  std::string current_;
  Shape shape_;  // without the images
};

/// The linear map of a dense or convolutional layer, plain or variance, with any weights.
std::string linear(Builder& graph, const Layer& layer, const std::string& x,
                   const std::string& weight, const at::Tensor& bias, const std::string& output) {
  std::vector<std::string> inputs{x, weight};
  if (bias.defined()) inputs.push_back(graph.constant(layer.name() + ".bias", bias));
  const LayerTraits traits = layer.traits();
  if (traits.weights == LayerTraits::Weights::dense)
    return graph.node("Gemm", inputs, output, {{"transB", std::int64_t{1}}});
  const ConvGeometry& g = traits.geometry;
  return graph.node("Conv", inputs, output,
                    {{"kernel_shape", std::vector<std::int64_t>(2, g.kernel)},
                     {"strides", std::vector<std::int64_t>(2, g.stride)},
                     {"pads", std::vector<std::int64_t>(4, g.padding)}});
}

void add_linear(Builder& graph, Layer& layer) {
  if (layer.output_shape().size() == 1) graph.flatten(layer);
  const WeightAndBias own = weight_and_bias(layer);
  const std::string weight = graph.constant(layer.name() + ".weight", own.weight);
  graph.set_current(
      linear(graph, layer, graph.current(), weight, own.bias, layer.name() + ".output"),
      layer.output_shape());
}

std::string add_output_mean(Builder& graph, VarianceLayer& layer, const std::string& output) {
  const std::string weight = graph.constant(layer.name() + ".mean", layer.effective_mean());
  return linear(graph, layer, graph.current(), weight, weight_and_bias(layer).bias, output);
}

std::string add_output_variance(Builder& graph, VarianceLayer& layer, const std::string& output) {
  const std::string weight = graph.constant(layer.name() + ".variance", layer.effective_variance());
  const std::string square =
      graph.node("Mul", {graph.current(), graph.current()}, layer.name() + ".square");
  return linear(graph, layer, square, weight, {}, output);
}

/// b = m + eps sqrt(max(v, 0) + 1e-16), as sample_output computes it.
void add_sampled(Builder& graph, VarianceLayer& layer) {
  const std::string& name = layer.name();
  const bool means =
      graph.mode() != OnnxMode::zero_mean && layer.effective_mean().abs().max().item<float>() > 0;
  const std::string noise =
      graph.input(name + ".noise", layer.output_shape(), "standard normal numbers");
  const std::string v = add_output_variance(graph, layer, name + ".output_variance");
  const std::string positive =
      graph.node("Max", {v, graph.scalar(name + ".zero", 0)}, name + ".positive");
  const std::string padded = graph.node(
      "Add", {positive, graph.scalar(name + ".least_variance", kLeastVariance)}, name + ".padded");
  const std::string deviation = graph.node("Sqrt", {padded}, name + ".deviation");
  std::string b = graph.node("Mul", {noise, deviation}, name + ".drawn");
  const at::Tensor bias = weight_and_bias(layer).bias;
  if (means) {
    b = graph.node("Add", {add_output_mean(graph, layer, name + ".output_mean"), b},
                   name + ".output");
  } else if (bias.defined()) {
    Shape as_channel(layer.output_shape().size(), 1);
    as_channel[0] = bias.numel();
    b = graph.node("Add", {graph.constant(name + ".bias", bias.reshape(as_channel)), b},
                   name + ".output");
  }
  graph.set_current(b, layer.output_shape());
}

void add_variance(Builder& graph, Layer& any) {
  VarianceLayer& layer = *any.as_variance();
  if (layer.output_shape().size() == 1) graph.flatten(layer);
  if (graph.mode() == OnnxMode::deterministic) {
    graph.set_current(add_output_mean(graph, layer, layer.name() + ".output"),
                      layer.output_shape());
  } else {
    add_sampled(graph, layer);
  }
}

void add_batch_norm(Builder& graph, Layer& any) {
  const BatchNorm& layer = *any.as_batch_norm();
  const std::string& name = layer.name();
  graph.append(layer, "BatchNormalization",
               {graph.constant(name + ".weight", layer.weight()),
                graph.constant(name + ".bias", layer.bias()),
                graph.constant(name + ".running_mean", layer.running_mean()),
                graph.constant(name + ".running_var", layer.running_var())},
               {{"epsilon", static_cast<float>(BatchNorm::kEps)}});
}

void add_max_pool(Builder& graph, Layer& layer) {
  const std::vector<std::int64_t> window(2, layer.traits().window);
  graph.append(layer, "MaxPool", {}, {{"kernel_shape", window}, {"strides", window}});
}

void multiply_factor(Builder& graph, Layer& layer, const std::string& about) {
  if (graph.mode() == OnnxMode::deterministic) return;
  const std::string factor = graph.input(layer.name() + ".factor", layer.output_shape(), about);
  graph.append(layer, "Mul", {factor});
}

void add_dropout(Builder& graph, Layer& layer) {
  multiply_factor(graph, layer, "0 where dropped, else 1 / (1 - p)");
}
void add_gaussian_dropout(Builder& graph, Layer& layer) {
  multiply_factor(graph, layer, "normal numbers of mean 1 and variance alpha");
}

void add_relu(Builder& graph, Layer& layer) { graph.append(layer, "Relu"); }
void add_leaky_relu(Builder& graph, Layer& layer) {
  graph.append(layer, "LeakyRelu", {}, {{"alpha", static_cast<float>(kLeakySlope)}});
}
void add_tanh(Builder& graph, Layer& layer) { graph.append(layer, "Tanh"); }
void add_sigmoid(Builder& graph, Layer& layer) { graph.append(layer, "Sigmoid"); }
void add_abs(Builder& graph, Layer& layer) { graph.append(layer, "Abs"); }

void add_softplus(Builder& graph, Layer& layer) {
  const auto beta = static_cast<float>(layer.traits().elementwise.value().beta);
  if (beta == 1) {
    graph.append(layer, "Softplus");
    return;
  }
  const std::string sharpness = graph.scalar(layer.name() + ".beta", beta);
  const std::string sharp =
      graph.node("Mul", {graph.current(), sharpness}, layer.name() + ".sharp");
  graph.set_current(graph.node("Softplus", {sharp}, layer.name() + ".unscaled"), graph.shape());
  graph.append(layer, "Div", {sharpness});
}

/// x sigmoid(x): ONNX has no operator of it.
void add_silu(Builder& graph, Layer& layer) {
  const std::string gate = graph.node("Sigmoid", {graph.current()}, layer.name() + ".sigmoid");
  graph.append(layer, "Mul", {gate});
}

/// x (1 + erf(x / sqrt 2)) / 2, as PyTorch exports it: an operator Gelu came with a later set.
void add_gelu(Builder& graph, Layer& layer) {
  const std::string& name = layer.name();
  const std::string scaled = graph.node(
      "Mul", {graph.current(), graph.scalar(name + ".scale", 0.70710678F)}, name + ".scaled");
  const std::string erf = graph.node("Erf", {scaled}, name + ".erf");
  const std::string twice =
      graph.node("Add", {erf, graph.scalar(name + ".one", 1)}, name + ".twice");
  const std::string share =
      graph.node("Mul", {twice, graph.scalar(name + ".half", 0.5F)}, name + ".share");
  graph.append(layer, "Mul", {share});
}

using Rule = void (*)(Builder& graph, Layer& layer);

/// The operators of each layer kind; a kind without a row is refused by name.
const Registry<Rule>& rules() {
  static const Registry<Rule> table{"layer of an ONNX graph",
                                    {{"conv2d", add_linear},
                                     {"variance_conv2d", add_variance},
                                     {"dense", add_linear},
                                     {"variance_dense", add_variance},
                                     {"batch_norm", add_batch_norm},
                                     {"max_pool", add_max_pool},
                                     {"dropout", add_dropout},
                                     {"gaussian_dropout", add_gaussian_dropout},
                                     {"relu", add_relu},
                                     {"leaky_relu", add_leaky_relu},
                                     {"softplus", add_softplus},
                                     {"tanh", add_tanh},
                                     {"sigmoid", add_sigmoid},
                                     {"silu", add_silu},
                                     {"gelu", add_gelu},
                                     {"abs", add_abs}}};
  return table;
}

void add_images(Builder& graph, const Shape& shape, const InputNormalization& normalization) {
  graph.set_current(graph.input("images", shape, "pixel / 255"), shape);
  if (normalization.mean.empty()) return;
  const auto by_channel = [&](const char* name, const std::vector<double>& values) {
    return graph.constant(
        name,
        at::tensor(values, at::kDouble).reshape({static_cast<std::int64_t>(values.size()), 1, 1}));
  };
  const std::string centred = graph.node(
      "Sub", {"images", by_channel("images.mean", normalization.mean)}, "images.centred");
  graph.set_current(
      graph.node("Div", {centred, by_channel("images.deviation", normalization.deviation)},
                 "images.normalized"),
      shape);
}

void add_layer(Builder& graph, Layer& layer) {
  const std::string kind(layer.kind());
  VARPHASE_CHECK(rules().contains(kind), ErrorKind::unsupported,
                 "{}: layers of kind {} have no ONNX form yet", layer.name(), kind);
  rules().at(kind)(graph, layer);
}

}  // namespace

OnnxModel onnx_graph(Network& network, OnnxMode mode, const InputNormalization& normalization) {
  const at::NoGradGuard no_gradients;
  auto& layers = network.layers();
  VARPHASE_CHECK(mode == OnnxMode::deterministic || network.first_noise() < layers.size(),
                 ErrorKind::unsupported,
                 "mode {}: this network draws no noise; its mode is deterministic",
                 onnx_mode_name(mode));
  const bool parts = mode == OnnxMode::moments || mode == OnnxMode::head;
  const std::size_t split = parts ? network.position("") : layers.size();

  OnnxModel model;
  model.name = "varphase_" + onnx_mode_name(mode);
  std::replace(model.name.begin(), model.name.end(), '-', '_');
  model.about = "form " + onnx_mode_name(mode) + " of a variance network";
  model.producer_version = version();
  Builder graph(model, mode);
  std::size_t next = 0;
  if (mode == OnnxMode::head) {
    const Layer& layer = *layers[split];
    graph.set_current(graph.input(layer.name() + ".output", layer.output_shape(),
                                  "what the layer gave: mean + noise * sqrt(variance)"),
                      layer.output_shape());
    next = split + 1;
  } else {
    add_images(graph, network.input(), normalization);
  }
  const std::size_t last = mode == OnnxMode::moments ? split : layers.size();
  for (; next < last; ++next) add_layer(graph, *layers[next]);
  if (mode == OnnxMode::moments) {
    VarianceLayer& layer = *layers[split]->as_variance();
    if (layer.output_shape().size() == 1) graph.flatten(layer);
    graph.output(add_output_mean(graph, layer, layer.name() + ".output_mean"), layer.output_shape(),
                 "mean of the layer's output");
    graph.output(add_output_variance(graph, layer, layer.name() + ".output_variance"),
                 layer.output_shape(), "its variance");
  } else {
    graph.output(graph.node("Identity", {graph.current()}, "logits"), {network.classes()},
                 "log-softmax or softmax gives the probabilities");
  }
  return model;
}

}  // namespace varphase
