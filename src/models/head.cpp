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
#include "src/models/patterns.hpp"

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
  const std::optional<HeadPattern> found = head_at(network.layers(), position, why);
  if (!found) return std::nullopt;
  HeadParts head;
  head.position = position;
  head.layer = found->variance;
  const at::TensorOptions options = head.layer->mean().options().requires_grad(false);
  const std::int64_t units = head.layer->output_shape()[0];
  head.scale = at::ones({units}, options);
  head.shift = at::zeros({units}, options);
  if (found->norm != nullptr) {
    const BatchNorm::Affine affine = found->norm->affine();
    head.scale = affine.scale.detach().contiguous();
    head.shift = affine.shift.detach().contiguous();
  }
  head.activation = found->phi.activation;
  head.beta = found->phi.beta;
  const WeightAndBias dense = weight_and_bias(*found->dense);
  head.weight = dense.weight.detach().contiguous();
  if (dense.bias.defined()) head.bias = dense.bias.detach().contiguous();
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
