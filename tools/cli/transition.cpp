// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/kappa/transition.hpp"

#include <cmath>

#include <fmt/ranges.h>

#include "analysis/report/report.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/console.hpp"
#include "src/base/text_table.hpp"
#include "tools/app/run_contents.hpp"
#include "tools/app/run_folder.hpp"
#include "tools/app/side_files.hpp"
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

}  // namespace

int run_transition(const Options& options) {
  const RunFolder run(options.run);
  const RunLock lock = begin_analysis(run.path());
  TransitionRules rules;
  rules.kappa0 = parse_threshold(options.kappa0);
  rules.onset_count = options.onset_count;
  rules.onset_share = options.onset_share;
  rules.drop_points = options.drop_points;
  rules.gap_points = options.gap_points;
  const Transition transition = transition_of_run(run.path(), rules, options.maps);
  SideFiles side;
  side.add([&] { write_json_file(run.path() / "transition.json", to_json(transition)); });
  side.add([&] { write_text_atomically(run.path() / "transition.csv", to_csv(transition)); });
  if (options.json) {
    print_json(to_json(transition));
    return side.finish();
  }
  print_table(transition, options.wide);
  std::string others;
  for (const std::string& line : transition.maps.left_out)
    others +=
        fmt::format("{}{}\n", others.empty() ? "not taken (--maps takes them):\n  " : "  ", line);
  print_out(
      "\nonset: {}\ndrop:  {}\ngap:   {}\nkappa: {}, accuracies on {} images\n"
      "maps:  {}; {} {} images, {}\n{}{}\n",
      transition.onset_rule(), transition.drop_rule(), transition.gap_rule(),
      transition.smooth == "none" ? "of the network as it is" : "smoothed by " + transition.smooth,
      transition.split, fmt::join(transition.maps.taken, ", "), count_text(transition.maps.images),
      transition.maps.split, transition.maps.method, others, transition.summary());
  return side.finish();
}

}  // namespace varphase
