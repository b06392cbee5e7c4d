// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <map>
#include <span>

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

std::string cell(const ComparedValue& column, std::size_t run) {
  const std::optional<double>& value = column.values[run];
  if (!value) return "-";
  if (column.name.starts_with("accuracy")) return percent(*value);
  if (column.name.starts_with(kLogAlphaColumn)) return fmt::format("{:.2f}", *value);
  return column.name == "over" ? count_text(std::llround(*value)) : fmt::format("{:g}", *value);
}

/// Of the mean or the deviation.
std::string summary_cell(const ComparedValue& column, double value) {
  if (std::isnan(value)) return "-";
  return column.name.starts_with("accuracy") ? percent(value) : fmt::format("{:.2f}", value);
}

/// A row a run, then mean and standard deviation over those that have the value.
void print_runs(std::span<const NamedTransition> runs, bool wide) {
  // In the order of compared_values: what the narrow table leaves out first has the most to spare.
  const std::map<std::string, TextTable::Column> known{{"onset", {"onset", 6}},
                                                       {"drop", {"drop", 6}},
                                                       {"gap", {"gap", 6}},
                                                       {"lag", {"lag", 6, 1}},
                                                       {"gap_lag", {"gap lag", 7, 1}},
                                                       {"over", {"over kappa_0", 12}},
                                                       {"accuracy_deterministic", {"det. %", 7}},
                                                       {"accuracy_ensemble", {"ens. %", 7}}};
  const std::vector<ComparedValue> values = compared_values(runs);
  int width = 9;
  for (const NamedTransition& run : runs)
    width = std::max(width, static_cast<int>(std::min<std::size_t>(run.name.size(), 22)));
  std::vector<TextTable::Column> columns{{"run", width, 0, true}};
  for (const ComparedValue& column : values) {
    const auto found = known.find(column.name);
    if (found != known.end()) {
      columns.push_back(found->second);
    } else {
      const bool alpha = column.name.starts_with(kLogAlphaColumn);
      const std::string layer = column.name.substr(column.name.find('/') + 1);
      columns.push_back({(alpha ? "log a " : "onset ") + layer, 12, alpha ? 2 : 3});
    }
  }
  const TextTable table(columns, !wide);
  print_out("{}\n", table.header());
  for (std::size_t run = 0; run < runs.size(); ++run) {
    std::vector<std::string> cells{runs[run].name};
    for (const ComparedValue& column : values) cells.push_back(cell(column, run));
    print_out("{}\n", table.row(cells));
  }
  std::vector<std::string> mean{"mean"}, deviation{"std. dev."};
  for (const ComparedValue& column : values) {
    mean.push_back(summary_cell(column, column.mean()));
    deviation.push_back(summary_cell(column, column.deviation()));
  }
  print_out("{}\n{}\n", table.row(mean), table.row(deviation));
  if (!table.left_out().empty()) print_out("{}\n", table.left_out());
  print_out("\nepochs by the rules; over kappa_0, accuracies and log alpha at each run's end\n");
}

/// What the runs were counted of; a line for all where it is the same.
void print_makings(std::span<const NamedTransition> runs) {
  std::vector<std::pair<std::string, std::string>> makings;  // and whose they are
  for (const NamedTransition& run : runs) {
    const Transition& one = run.transition;
    const std::string making = fmt::format(
        "{} {} images, {}, {}\naccuracies on {} images", count_text(one.maps.images),
        one.maps.split, one.maps.method,
        one.smooth == "none" ? "of the network as it is" : "smoothed by " + one.smooth, one.split);
    const auto same = std::find_if(makings.begin(), makings.end(),
                                   [&](const auto& other) { return other.first == making; });
    if (same == makings.end()) {
      makings.emplace_back(making, run.name);
    } else {
      same->second += ", " + run.name;
    }
  }
  for (const auto& [making, whose] : makings)
    print_out("kappa{}: {}\n", makings.size() > 1 ? " of " + whose : "", making);
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
           "--onset-count 10\n"
           "  varphase transition runs/a runs/b runs/c --out onsets.csv\n"
           "  varphase transition runs/five\n";
  }

  void declare(Flags& flags) override {
    flags.of(request_, {"runs"});
    flags.wide(wide_);
    flags.json(json_);
  }

  int run(const Engine& /*engine*/) override {
    Job job;
    const TransitionResult result = find_transition(request_, job);
    if (json_) {
      print_json(to_json(result));
    } else if (result.runs.size() == 1) {
      print_table(result.runs.front().transition, wide_);
      print_summary(result.runs.front().transition);
    } else {
      print_runs(result.runs, wide_);
      print_makings(result.runs);
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
