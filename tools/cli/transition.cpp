// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <cmath>

#include <fmt/ranges.h>

#include "src/base/console.hpp"
#include "src/base/text_table.hpp"
#include "tools/app/transition_job.hpp"
#include "tools/cli/unwritten.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {
namespace {

/// "-" where the epoch was not evaluated.
std::string percent(double share) {
  return std::isnan(share) ? "-" : fmt::format("{:.2f}", 100 * share);
}

void print_table(const Transition& transition, bool wide) {
  std::vector<TextTable::Column> columns{
      {"epoch", 5}, {"over kappa_0", 12}, {"det. %", 7}, {"ens. %", 7}};
  // The gap is what the accuracies beside it say already: not where layers need the room.
  columns.push_back({"gap", 6, 2});
  for (const std::string& layer : transition.log_alpha_layers)
    columns.push_back({"log a " + layer, 12, 1});
  const TextTable table(columns, !wide);
  print_out("{}\n", table.header());
  for (const TransitionRow& row : transition.rows) {
    std::vector<std::string> cells{
        std::to_string(row.epoch), row.over_total() ? count_text(*row.over_total()) : "-",
        percent(row.accuracy_deterministic), percent(row.accuracy_ensemble)};
    cells.push_back(percent(row.gap()));
    for (const double value : row.log_alpha) cells.push_back(fmt::format("{:.2f}", value));
    print_out("{}\n", table.row(cells));
  }
  const std::string left_out = table.left_out();
  if (!left_out.empty()) print_out("{}\n", left_out);
}

void print_summary(const Transition& transition) {
  std::string others;
  for (const std::string& line : transition.maps.left_out)
    others +=
        fmt::format("{}{}\n", others.empty() ? "not taken (--maps takes them):\n  " : "  ", line);
  print_out(
      "\nkappa: {}, accuracies on {} images\nmaps:  {}; {} {} images, {}\n{}{}\n",
      transition.smooth == "none" ? "of the network as it is" : "smoothed by " + transition.smooth,
      transition.split, fmt::join(transition.maps.taken, ", "), count_text(transition.maps.images),
      transition.maps.split, transition.maps.method, others, transition.summary());
}

class TransitionVerb final : public Verb {
 public:
  std::string examples() const override {
    return "  varphase transition runs/first\n  varphase transition runs/first --kappa0 log:2 "
           "--onset-count 10\n";
  }

  void declare(Flags& flags) override {
    flags.of(request_, {"run"});
    flags.wide(wide_);
    flags.json(json_);
  }

  int run(const Engine& /*engine*/) override {
    Job job;
    const TransitionResult result = find_transition(request_, job);
    if (json_) {
      print_json(to_json(result.transition));
    } else {
      print_table(result.transition, wide_);
      print_summary(result.transition);
    }
    return tell_unwritten(result.unwritten);
  }

 private:
  TransitionRequest request_;
  bool json_ = false, wide_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_transition_verb() { return std::make_unique<TransitionVerb>(); }

}  // namespace varphase
