// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "src/kernels/layers/activation.hpp"
#include "src/models/network.hpp"

namespace varphase {

/// The tail of a network from a variance dense layer on, where it has the form that closed forms
/// and the fused ensemble take: variance_dense, batch norm or none, an activation or none, one
/// dense layer to the logits.
struct HeadParts {
  std::size_t position = 0;  // of the variance layer
  VarianceLayer* layer = nullptr;
  at::Tensor scale, shift;  // batch norm in eval mode, [J]; ones and zeros without one
  Activation activation = Activation::identity;
  double beta = 1;
  at::Tensor weight;  // V [C, J]
  at::Tensor bias;    // c [C], or undefined

  /// z, then logits, from the variance layer's output b [N, J], any element type, differentiable.
  at::Tensor logits(const at::Tensor& b) const;
  HeadParts to(at::ScalarType type) const;
};

/// The head behind that layer. Shares no memory with the network: take it anew after a change.
/// @param why where not null, is told what stands in the way.
std::optional<HeadParts> find_head(const Network& network, std::size_t position,
                                   std::string* why = nullptr);

/// find_head, or Error unsupported naming the layer that does not fit.
HeadParts require_head(const Network& network, std::size_t position);

/// What a sweep and a repair ask beside a head: that no layer before it draws noise, so that its
/// input is one and the same for every member.
/// @throws Error unsupported naming the first such layer.
void require_quiet_trunk(const Network& network, const HeadParts& head);

}  // namespace varphase
