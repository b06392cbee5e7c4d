// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "analysis/robustness/epsilon.hpp"
#include "src/base/enum_names.hpp"

namespace varphase {

/// How images are moved. fgsm: one step of epsilon along the gradient's sign (Goodfellow et al. 2015). ifgsm: steps of
/// a fixed size along the sign, from the image (Kurakin et al. 2017; the paper's, section 6.3). pgd_linf, pgd_l2:
/// projected gradient descent from random points of the ball (Madry et al. 2018).
enum class AttackMethod { fgsm, ifgsm, pgd_linf, pgd_l2 };
const EnumNames<AttackMethod>& attack_methods();

/// Through what the gradient goes. samples: K members with new noise at every step, the honest one. one: a single
/// member. mean: the network at its means.
enum class AttackGradient { samples, one, mean };
const EnumNames<AttackGradient>& attack_gradients();

/// What an image shall be taken for. none: anything but its label. next: (label + 1) mod classes. random: any other
/// class, drawn for each image. least_likely: the class that the attacked networks think the least of, never the label.
enum class TargetRule { none, next, random, least_likely, given };

/// What products and convolutions of the gradients are computed in, as in training: float32 is IEEE; tf32 and bf16
/// round their inputs, tf32 on a GPU alone. All sum in float32, and the rest is float32.
enum class GradientPrecision { float32, tf32, bf16 };
const EnumNames<GradientPrecision>& gradient_precisions();

struct AttackTarget {
  TargetRule rule = TargetRule::none;
  std::int64_t label = -1;  // of `given`
};
/// "none", "next", "random", "least-likely" or a class's number. @throws Error usage for another.
AttackTarget attack_target(const std::string& text);
std::string target_text(const AttackTarget& target);

/// An attack on images whose pixels lie in 0 .. 255. Distances are in pixel units, over all pixels of an image.
struct AttackRequest {
  AttackMethod method = AttackMethod::pgd_linf;
  double epsilon = kUnbounded;  // the ball's radius
  double step = 0;
  std::int64_t steps = 10;
  std::int64_t restarts = 1;
  bool random_start = false;
  AttackTarget target;
  AttackGradient gradient = AttackGradient::samples;
  std::int64_t samples = 10;  // K of `samples`
  GradientPrecision precision = GradientPrecision::float32;
  std::uint64_t seed = 1;

  bool is_l2() const { return method == AttackMethod::pgd_l2; }
  bool is_targeted() const { return target.rule != TargetRule::none; }
  /// Members that one gradient goes through; 0: none, at the means.
  std::int64_t members() const;
  /// Backward passes through one network that each image is worth.
  std::int64_t gradients_an_image() const;
};

/// The method's own settings where there is a choice: fgsm takes one step of epsilon from the image; the projected
/// methods take steps of 2.5 epsilon / steps from random points.
void set_defaults(AttackRequest& request);

/// @throws Error usage for what no attack can do, whatever the images and networks.
void check_request(const AttackRequest& request);
/// Also against these. @param pixels  of an image, all channels @param classes  of the networks
/// @throws Error usage for what no image or network has: an epsilon over the range, a class that is not there.
void check_request(const AttackRequest& request, std::int64_t pixels, std::int64_t classes);

}  // namespace varphase
