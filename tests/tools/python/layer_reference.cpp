// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
//
// What the program's own variance layers compute, for tests/tools/python/nn_test.py: a list of cases on stdin, a list of
// their values and gradients on stdout, in JSON.
#include <iostream>
#include <iterator>

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "src/layers/variance_layer.hpp"

namespace varphase {
namespace {

at::Tensor tensor_of(const Json& list, const Shape& shape, at::ScalarType type) {
  return at::tensor(list.get<std::vector<double>>(), at::kDouble).reshape(shape).to(type);
}

Json list_of(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.detach().to(at::kDouble).contiguous().flatten();
  return std::vector<double>(flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel());
}

std::unique_ptr<Layer> layer_of(const Json& wanted, at::ScalarType type) {
  const auto shape = wanted["input"].get<Shape>();
  std::unique_ptr<Layer> layer =
      layer_kinds().at(wanted["kind"].get<std::string>()).make(wanted["options"], shape);
  layer->place("layer", wanted["number"].get<std::uint16_t>());
  for (Parameter& parameter : layer->parameters()) {
    const Json& values = wanted["parameters"][parameter.name];
    *parameter.tensor =
        tensor_of(values, parameter.tensor->sizes().vec(), type).requires_grad_(true);
  }
  if (wanted.contains("mask")) {
    VarianceLayer& variance = *layer->as_variance();
    variance.set_mask(tensor_of(wanted["mask"], variance.mean().sizes().vec(), type).to(at::kBool));
  }
  return layer;
}

Json gradients_of(const at::Tensor& value, Layer& layer) {
  std::vector<at::Tensor> inputs;
  for (Parameter& parameter : layer.parameters()) inputs.push_back(*parameter.tensor);
  Json json = Json::object();
  if (!value.requires_grad()) return json;  // a constant
  const auto gradients = torch::autograd::grad({value}, inputs, {}, std::nullopt, false, true);
  std::size_t place = 0;
  for (const Parameter& parameter : layer.parameters()) {
    const at::Tensor& gradient = gradients[place++];
    if (gradient.defined()) json[parameter.name] = list_of(gradient);
  }
  return json;
}

Json answer(const Json& wanted) {
  Shape input = wanted["input"].get<Shape>();
  const auto images = wanted["images"].get<std::int64_t>();
  input.insert(input.begin(), images);
  const std::unique_ptr<Layer> exact = layer_of(wanted, at::kDouble);
  VarianceLayer& layer = *exact->as_variance();
  const at::Tensor x = tensor_of(wanted["x"], input, at::kDouble);
  const at::Tensor mean = layer.output_mean(x, layer.effective_mean());
  const at::Tensor variance = layer.output_variance(x, layer.weight_variance());
  Json json{{"mean", list_of(mean)}, {"variance", list_of(variance)}};
  json["gradients"] = gradients_of(mean.sin().sum() + variance.cos().sum(), layer);

  Forward how;
  how.mode = Mode::sampled;
  how.key = {wanted["seed"].get<std::uint64_t>(), Stream::evaluation, 0, 2};
  how.example = at::arange(7, 7 + images, at::kLong);
  how.member = at::full({1}, 3, at::kLong);
  const at::Tensor kl = layer.kl(how, at::full({1}, 5, at::kLong));
  json["kl"] = kl.item<double>();
  json["kl_gradients"] = gradients_of(kl, layer);
  json["output"] = list_of(layer_of(wanted, at::kFloat)->forward(x.to(at::kFloat), how));
  return json;
}

}  // namespace
}  // namespace varphase

int main() {
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  varphase::Json answers = varphase::Json::array();
  for (const varphase::Json& wanted : varphase::Json::parse(text))
    answers.push_back(varphase::answer(wanted));
  std::cout << answers.dump() << "\n";
}
