// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/kappa/transition.hpp"

namespace varphase {

/// One sign of the transition.
struct TransitionMark {
  std::int64_t epoch = 0;
  std::string kind;   // alpha, onset, drop, gap
  std::string layer;  // of alpha, and of onset where one layer alone is looked at; else empty
  std::string label;  // "α > 1 in dense1", in a figure
  std::string words;  // "the noise of dense1 outgrows its means (α passes 1)", in a sentence
  std::string seen;   // "log α = 1.32", at that epoch
  std::string rule;
  bool first = true;  // the earliest of its kind
};

/// By epoch; of one epoch alpha, onset, drop, gap.
std::vector<TransitionMark> transition_marks(const Transition& transition);

/// "Epoch 7: the noise of dense1 outgrows its means (α passes 1). Epoch 9: ...": the first marks of each kind.
std::string order_of_marks(const std::vector<TransitionMark>& marks);

/// Which layer goes first, in a sentence; "" where there is no layer.
std::string first_layer_text(const Transition& transition);

}  // namespace varphase
