// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/console.hpp"
#include "src/base/error.hpp"
#include "src/base/json.hpp"
#include "src/base/text_table.hpp"
#include "tools/app/attack_job.hpp"
#include "tools/cli/engine.hpp"
#include "tools/cli/terminal_job.hpp"
#include "tools/cli/unwritten.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {
namespace {

std::string through(const AttackRequest& attack) {
  switch (attack.gradient) {
    case AttackGradient::samples:
      return fmt::format("gradient through {} samples, new at every step", attack.samples);
    case AttackGradient::one:
      return "gradient through one sample, new at every step";
    case AttackGradient::mean:
      break;
  }
  return "gradient through the mean";
}

void print_attack(const AttackRunsResult& result) {
  const AttackRequest& attack = result.attack;
  print_out("{}, epsilon {}\n{} steps of {:.6g}px from {}{}\ntarget {}\n",
            attack_methods().name(attack.method), distance_text(attack.epsilon), attack.steps,
            attack.step, attack.random_start ? "a random point" : "the image",
            attack.restarts > 1 ? fmt::format(", {} restarts", attack.restarts) : "",
            attack.is_targeted() ? target_text(attack.target) : "none, any wrong class");
  print_out("{}\njudged {}\n", through(attack),
            result.mode == "ensemble"
                ? fmt::format("by K = {} samples that no gradient saw", result.judge_samples)
                : std::string("at the means"));
}

/// What of a judge's last point is less or more than that of the one it is compared with.
void print_difference(const AttackRunsResult& result, const JudgedAttack& judge) {
  const AttackPoint& last = judge.points.back();
  if (!last.difference) return;
  const AttackPoint::Difference& less = *last.difference;
  print_out("less {} at step {}, image by image (95 %)\n", result.judges[result.against].name,
            last.step);
  print_out("  success % {:+.2f} ({:+.2f} .. {:+.2f}), entropy {:+.4f} ({:+.4f} .. {:+.4f})\n",
            100 * less.success, 100 * less.success_95.low, 100 * less.success_95.high, less.entropy,
            less.entropy_95.low, less.entropy_95.high);
}

void print_judge(const AttackRunsResult& result, const JudgedAttack& judge) {
  const TextTable table(
      {{"step", 5}, {"success %", 9}, {"95 %", 15}, {"entropy", 8}, {"95 %", 17}, {"loss", 9}});
  print_out("\n{}\n{}\n", judge.name, table.header());
  for (const AttackPoint& point : judge.points) {
    print_out(
        "{}\n",
        table.row({fmt::format("{}", point.step), fmt::format("{:.2f}", 100 * point.success),
                   fmt::format("{:.2f} .. {:.2f}", 100 * point.success_95.low,
                               100 * point.success_95.high),
                   fmt::format("{:.4f}", point.entropy),
                   fmt::format("{:.4f} .. {:.4f}", point.entropy_95.low, point.entropy_95.high),
                   fmt::format("{:.4g}", point.loss)}));
  }
  print_difference(result, judge);
}

void print_result(const AttackRunsResult& result) {
  print_attack(result);
  for (const JudgedAttack& judge : result.judges) print_judge(result, judge);
  print_out(
      "\n{} {} images, moved {:.4g}px at most a pixel, {:.5g}px in L2 (means)\n"
      "success of all images with Wilson's interval; entropy and loss in nats an image\n"
      "{} gradients an image through one network, {} in all\n",
      count_text(result.images), result.split, result.linf, result.l2,
      count_text(result.gradients_an_image), count_text(result.gradients_an_image * result.images));
}

void print_sanity(const AttackRunsResult& result) {
  print_attack(result);
  print_out("\n");
  for (const SanityRow& row : result.sanity)
    print_out("{:7}  {:9}  {}\n", row.passed ? "passed" : "FLAGGED", row.name, row.found);
  print_out("\n{}\n",
            result.is_sane()
                ? "nothing speaks of masked gradients; that proves no robustness"
                : "gradients are masked, or the attack is too weak:\na low rate of success is no "
                  "sign of robustness (docs/robustness.md)");
}

class AttackVerb final : public Verb {
 public:
  std::string examples() const override {
    return "  varphase attack runs/first --epsilon 8/255\n"
           "  varphase attack runs/first --method ifgsm --steps 40 --target random --images 1000\n"
           "  varphase attack runs/first --epsilon 8/255 --restarts 5 --gradient one\n"
           "  varphase attack runs/plain --epsilon 8/255 --judge runs/first runs/five\n"
           "  varphase attack runs/first --epsilon 8/255 --sanity\n";
  }

  void declare(Flags& flags) override {
    flags.of(request_, {"paths"});
    flags.whole_words("judge");
    flags.quiet(quiet_);
    flags.offer("target", {"none", "next", "random", "least-likely"});
    flags.offer("epsilon", {"8/255", "none"});
    flags.offer("epoch", {"last", "best"});
    flags.offer("device", {"auto", "cpu", "cuda"});
    flags.json(json_);
  }

  int run(const Engine& engine) override {
    TerminalJob<> job(quiet_, !json_);
    const AttackRunsResult result = engine.attack(request_, job);
    if (result.interrupted) {
      print_err("interrupted{}; {}\n",
                request_.sanity
                    ? std::string()
                    : fmt::format(" after {} of {} images", count_text(*result.interrupted),
                                  count_text(result.images)),
                result.stem.empty() ? "this network lies in no run that could keep what was done"
                                    : "the same command goes on from here");
      return kInterrupted;
    }
    const bool checked = !result.sanity.empty();
    if (json_) {
      print_json(to_json(result));
    } else {
      checked ? print_sanity(result) : print_result(result);
    }
    if (checked) return result.is_sane() ? kSuccess : kFailure;
    const int code = tell_unwritten(result.unwritten);
    if (code == kSuccess && !json_)
      print_out("{}.json, .csv{}{}\n", result.stem, request_.save ? ", .h5" : "",
                request_.grid ? ", .png" : "");
    return code;
  }

 private:
  AttackRunsRequest request_;
  bool json_ = false, quiet_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_attack_verb() { return std::make_unique<AttackVerb>(); }

}  // namespace varphase
