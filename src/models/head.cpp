// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/models/head.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include "src/base/error.hpp"
#include "src/layers/activation_layer.hpp"
#include "src/layers/batch_norm.hpp"

namespace varphase {

at::Tensor HeadParts::logits(const at::Tensor& b) const {
  return at::linear(activate(activation, beta, b * scale + shift), weight,
                    bias.defined() ? std::optional<at::Tensor>(bias) : std::nullopt);
}

HeadParts HeadParts::to(at::ScalarType type) const {
  HeadParts other = *this;
  for (at::Tensor* tensor : {&other.scale, &other.shift, &other.weight, &other.bias}) {
    if (tensor->defined()) *tensor = tensor->to(type);
  }
  return other;
}

std::optional<HeadParts> find_head(const Network& network, std::size_t position, std::string* why) {
  const auto& layers = network.layers();
  HeadParts head;
  head.position = position;
  head.layer = dynamic_cast<VarianceLayer*>(layers[position].get());
  const auto refuse = [&](const std::string& reason) {
    if (why != nullptr) *why = reason;
    return std::nullopt;
  };
  if (head.layer == nullptr || head.layer->output_shape().size() != 1) {
    return refuse(fmt::format("{} is no variance dense layer", layers[position]->name()));
  }
  const at::TensorOptions options = head.layer->mean().options().requires_grad(false);
  const std::int64_t units = head.layer->output_shape()[0];
  head.scale = at::ones({units}, options);
  head.shift = at::zeros({units}, options);
  std::size_t next = position + 1;
  if (next < layers.size()) {
    if (const auto* norm = dynamic_cast<const BatchNorm*>(layers[next].get())) {
      const BatchNorm::Affine affine = norm->affine();
      head.scale = affine.scale.detach().contiguous();
      head.shift = affine.shift.detach().contiguous();
      ++next;
    }
  }
  if (next < layers.size()) {
    if (const auto* phi = dynamic_cast<const ActivationLayer*>(layers[next].get())) {
      head.activation = phi->activation();
      head.beta = phi->beta();
      ++next;
    }
  }
  if (next + 1 != layers.size() || layers[next]->kind() != "dense") {
    return refuse(fmt::format("{} follows {}, where one dense layer to the logits is wanted",
                              next < layers.size() ? layers[next]->name() : "nothing",
                              layers[next - 1]->name()));
  }
  for (const Parameter& parameter : layers[next]->parameters()) {
    (parameter.name == "weight" ? head.weight : head.bias) =
        parameter.tensor->detach().contiguous();
  }
  return head;
}

HeadParts require_head(const Network& network, std::size_t position) {
  std::string why;
  std::optional<HeadParts> head = find_head(network, position, &why);
  VARPHASE_CHECK(
      head.has_value(), ErrorKind::unsupported,
      "{}: the closed form takes variance_dense, batch_norm, an activation and one dense layer; {}",
      network.layers()[position]->name(), why);
  return *head;
}

void require_quiet_trunk(const Network& network, const HeadParts& head) {
  const std::size_t first = network.first_noise();
  VARPHASE_CHECK(first >= head.position, ErrorKind::unsupported,
                 "{}: pruning wants an input that is the same for every member, but {} before it "
                 "draws noise",
                 head.layer->name(), network.layers()[first]->name());
}

}  // namespace varphase
