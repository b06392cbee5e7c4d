// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/attack_requests.hpp"

#include <utility>

#include "analysis/robustness/epsilon.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace {

/// A check has one answer, and neither judges nor files.
void check_sanity(const AttackRunsRequest& asked) {
  const std::pair<const char*, bool> useless[] = {{"--judge", !asked.judge.empty()},
                                                  {"--out", !asked.out.empty()},
                                                  {"--save", asked.save},
                                                  {"--grid", asked.grid}};
  for (const auto& [flag, given] : useless)
    VARPHASE_CHECK(!given, ErrorKind::usage,
                   "{}: --sanity checks the attack in place of it, and writes nothing\n  attack "
                   "without --sanity for that",
                   flag);
}

}  // namespace

AttackRequest attack_of(const AttackRunsRequest& asked) {
  if (asked.sanity) check_sanity(asked);
  AttackRequest attack;
  attack.method = attack_methods().value(asked.method);
  attack.steps = asked.steps;
  attack.restarts = asked.restarts;
  attack.samples = asked.samples;
  attack.precision = gradient_precisions().value(asked.precision);
  attack.seed = static_cast<std::uint64_t>(asked.seed);
  attack.target = attack_target(asked.target);
  if (!asked.epsilon.empty()) attack.epsilon = pixel_distance(asked.epsilon, "--epsilon");
  set_defaults(attack);
  const bool one_step = attack.method == AttackMethod::fgsm;
  VARPHASE_CHECK(!one_step || asked.step.empty(), ErrorKind::usage,
                 "--step {}: the one step of fgsm is --epsilon", asked.step);
  if (!asked.step.empty()) attack.step = pixel_distance(asked.step, "--step");
  if (asked.start != "auto") attack.random_start = asked.start == "random";
  const bool means = asked.mode == "deterministic";
  if (asked.gradient == "auto") {
    attack.gradient = means ? AttackGradient::mean : AttackGradient::samples;
  } else {
    attack.gradient = attack_gradients().value(asked.gradient);
  }
  check_request(attack);
  return attack;
}

JudgeRequest judging_of(const AttackRunsRequest& asked) {
  JudgeRequest judging;
  judging.estimator = estimator_from_name(asked.mode);
  judging.members = asked.judge_samples;
  judging.every = asked.judge_every;
  judging.keep_pixels = asked.save || asked.grid;
  return judging;
}

}  // namespace varphase
