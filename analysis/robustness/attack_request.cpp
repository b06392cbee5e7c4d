// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/robustness/attack_request.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace varphase {
namespace {

const EnumNames<TargetRule>& target_rules() {
  static const EnumNames<TargetRule> table{"target",
                                           {{TargetRule::none, "none"},
                                            {TargetRule::next, "next"},
                                            {TargetRule::random, "random"},
                                            {TargetRule::least_likely, "least-likely"}}};
  return table;
}

}  // namespace

const EnumNames<AttackMethod>& attack_methods() {
  static const EnumNames<AttackMethod> table{"attack",
                                             {{AttackMethod::fgsm, "fgsm"},
                                              {AttackMethod::ifgsm, "ifgsm"},
                                              {AttackMethod::pgd_linf, "pgd-linf"},
                                              {AttackMethod::pgd_l2, "pgd-l2"}}};
  return table;
}

const EnumNames<AttackGradient>& attack_gradients() {
  static const EnumNames<AttackGradient> table{"gradient",
                                               {{AttackGradient::samples, "samples"},
                                                {AttackGradient::one, "one"},
                                                {AttackGradient::mean, "mean"}}};
  return table;
}

const EnumNames<GradientPrecision>& gradient_precisions() {
  static const EnumNames<GradientPrecision> table{"precision",
                                                  {{GradientPrecision::float32, "float32"},
                                                   {GradientPrecision::tf32, "tf32"},
                                                   {GradientPrecision::bf16, "bf16"}}};
  return table;
}

AttackTarget attack_target(const std::string& text) {
  AttackTarget target{TargetRule::given};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), target.label);
  if (error == std::errc() && end == text.data() + text.size()) {
    VARPHASE_CHECK(target.label >= 0, ErrorKind::usage, "--target {}: classes count from 0", text);
    return target;
  }
  try {
    return {target_rules().value(text)};
  } catch (const Error& unknown) {
    fail(ErrorKind::usage, "{}, or a class's number", unknown.what());
  }
}

std::string target_text(const AttackTarget& target) {
  return target.rule == TargetRule::given ? std::to_string(target.label)
                                          : target_rules().name(target.rule);
}

std::int64_t AttackRequest::members() const {
  if (gradient == AttackGradient::mean) return 0;
  return gradient == AttackGradient::one ? 1 : samples;
}

std::int64_t AttackRequest::gradients_an_image() const {
  return restarts * steps * std::max<std::int64_t>(members(), 1);
}

void set_defaults(AttackRequest& request) {
  constexpr double kBallsOfSteps = 2.5;  // what all steps together may cross: Madry et al.
  switch (request.method) {
    case AttackMethod::fgsm:
      request.steps = 1;
      request.step = request.epsilon;
      request.random_start = false;
      break;
    case AttackMethod::ifgsm:
      request.step = 0.5;
      request.random_start = false;
      break;
    case AttackMethod::pgd_linf:
    case AttackMethod::pgd_l2:
      request.step = kBallsOfSteps * request.epsilon / static_cast<double>(request.steps);
      request.random_start = true;
      break;
  }
}

void check_request(const AttackRequest& request) {
  const std::string& method = attack_methods().name(request.method);
  VARPHASE_CHECK(request.epsilon != kUnbounded || request.method == AttackMethod::ifgsm,
                 ErrorKind::usage, "{} wants --epsilon, such as 8/255", method);
  VARPHASE_CHECK(std::isfinite(request.step) && request.step >= 0, ErrorKind::usage,
                 "--step: {} wants the size of a step, such as 0.5px", method);
  VARPHASE_CHECK(!request.random_start || request.epsilon != kUnbounded, ErrorKind::usage,
                 "a random start wants --epsilon: the ball that it is drawn from");
  VARPHASE_CHECK(request.restarts == 1 || request.random_start, ErrorKind::usage,
                 "--restarts {}: {} begins at the image, each time alike\n  --start random draws "
                 "the beginning",
                 request.restarts, method);
  VARPHASE_CHECK(request.steps >= 1 && request.restarts >= 1, ErrorKind::usage,
                 "an attack wants a step and a start at least");
  VARPHASE_CHECK(request.gradient != AttackGradient::samples || request.samples >= 1,
                 ErrorKind::usage, "--samples {}: a gradient through samples wants one at least",
                 request.samples);
  constexpr double kMostMembers = 4294967296.0;  // of a noise counter
  VARPHASE_CHECK(static_cast<double>(request.gradients_an_image()) + request.samples < kMostMembers,
                 ErrorKind::usage,
                 "restarts times steps times samples is over 2^32: noise would come again");
}

void check_request(const AttackRequest& request, std::int64_t pixels, std::int64_t classes) {
  const double range =
      request.is_l2() ? kPixelRange * std::sqrt(static_cast<double>(pixels)) : kPixelRange;
  VARPHASE_CHECK(
      request.epsilon == kUnbounded || request.epsilon <= range, ErrorKind::usage,
      "--epsilon {}: is over the range of images of {} pixels, whose largest distance is {:g}px\n  "
      "8/255 and 8px are the same; none bounds nothing",
      distance_text(request.epsilon), pixels, range);
  check_request(request);
  VARPHASE_CHECK(classes > 1, ErrorKind::usage, "a network of one class cannot be attacked");
  VARPHASE_CHECK(request.target.rule != TargetRule::given || request.target.label < classes,
                 ErrorKind::usage, "--target {}: the network has classes 0 to {}",
                 request.target.label, classes - 1);
}

}  // namespace varphase
