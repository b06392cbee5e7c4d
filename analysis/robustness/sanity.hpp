// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "analysis/robustness/attack_batch.hpp"

namespace varphase {

/// One question whose answer tells masked gradients from robustness.
struct SanityCheck {
  std::string name;
  bool passed = false;
  std::string found;  // a sentence with its figures
};

/// Attacks that sanity_checks makes: their number of image steps, for a progress line.
std::int64_t sanity_image_steps(const AttackRequest& request, std::int64_t images);

/// Where attacks of the checks that are done wait for the rest, by their numbers.
struct KeptAttacks {
  std::function<std::optional<AttackOutcome>(std::int64_t)> find;
  std::function<void(std::int64_t, const AttackOutcome&)> keep;
};
inline constexpr std::int64_t kSanityAttacks = 5;

/// Whether the gradients of an attack can be trusted, after Carlini et al. (2019), "On Evaluating Adversarial
/// Robustness", and Athalye et al. (2018), "Obfuscated Gradients Give a False Sense of Security":
///
///     gradient   of at most one image in twenty the gradient is 0 or not finite
///     loss       the mean loss of the attacked images gets no better from step to step
///     steps      one step, all steps and twice as many: more never succeed less
///     unbounded  in the whole range of the image the attack succeeds with 99 % of the images
///     noise      a random point of the ball succeeds no more than the attack
///
/// Figures over images may miss by two standard errors of their paired difference. The attack is the request's norm,
/// ball, target and gradient; it takes ten steps at least. Passing proves no robustness.
/// @param images  some hundred, all attacked at a time @param advanced  told of image steps
/// @param kept  null: nothing is kept
std::vector<SanityCheck> sanity_checks(const ImageModels& models, const DeviceImages& images,
                                       const AttackRequest& request, const JudgeRequest& judging,
                                       const std::function<void(std::int64_t)>& advanced,
                                       const KeptAttacks* kept = nullptr);

}  // namespace varphase
