// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/ranges.h>

#include "src/base/console.hpp"
#include "src/base/text_table.hpp"
#include "tools/app/sweep_job.hpp"
#include "tools/cli/engine.hpp"
#include "tools/cli/terminal_job.hpp"
#include "tools/cli/unwritten.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {
namespace {

constexpr std::size_t kColumns = 8;  // of a table of criteria: 76 characters

/// The criteria of a table by sparsity: one line a criterion and rule, one column a sparsity.
std::string pivot(const SweepReport& report, const std::string& title,
                  const std::function<std::string(const SweepRow&)>& cell) {
  const std::size_t rules = report.request.rules.size(), points = report.request.points.size();
  const std::vector<SweepRow>& rows = report.result.rows;
  std::string text;
  for (std::size_t first = 0; first < points; first += kColumns) {
    const std::size_t last = std::min(points, first + kColumns);
    std::vector<TextTable::Column> columns{{title, 14}, {"rule", 4}};
    for (std::size_t p = first; p < last; ++p) {
      const SweepPoint& point = report.request.points[p];
      columns.push_back({point.by_sparsity ? fmt::format("{:g}", 100 * point.value)
                                           : fmt::format("10^{:g}", point.value),
                         5});
    }
    const TextTable table(columns);
    if (!text.empty()) text += "\n";
    text += table.header() + "\n";
    for (std::size_t c = 0; c < rows.size() / rules / points; ++c) {
      for (std::size_t r = 0; r < rules; ++r) {
        const auto row = [&](std::size_t p) -> const SweepRow& {
          return rows[(c * points + p) * rules + r];
        };
        std::vector<std::string> cells{row(first).criterion, replacement_name(row(first).replace)};
        for (std::size_t p = first; p < last; ++p) cells.push_back(cell(row(p)));
        text += table.row(cells) + "\n";
      }
    }
  }
  return text;
}

/// A row a cut.
std::string cut_table(const SweepReport& report, bool wide) {
  const TextTable table({{"log10 kappa_0", 13},
                         {"replace", 7},
                         {"sparsity %", 10},
                         {"kept", 8},
                         {"ens. %", 7},
                         {"lost", 6},
                         {"s.e.", 5},
                         {"NLL", 7},
                         {"bytes", 9, 1}},
                        !wide);
  std::string text = table.header() + "\n";
  for (std::size_t i = 0; i < report.result.rows.size(); ++i) {
    const SweepRow& row = report.result.rows[i];
    text += table.row(
                {std::isnan(row.threshold) ? "" : fmt::format("{:.2f}", std::log10(row.threshold)),
                 replacement_name(row.replace), fmt::format("{:.2f}", 100 * row.sparsity),
                 count_text(row.kept_total()), fmt::format("{:.2f}", 100 * row.metrics.accuracy),
                 fmt::format("{:+.2f}", 0.0 - 100 * row.difference.difference),
                 fmt::format("{:.2f}", 100 * row.difference.standard_error),
                 fmt::format("{:.4f}", row.metrics.nll),
                 bytes_text(static_cast<double>(stored_bytes(report.costs[i])))}) +
            "\n";
  }
  if (!table.left_out().empty()) text += table.left_out() + "\n";
  return text;
}

/// Accuracy, NLL (and of several networks the standard error of the accuracy) of each criterion and
/// rule by sparsity.
std::string criteria_table(const SweepReport& report) {
  std::string text = pivot(report, "accuracy %", [](const SweepRow& row) {
    const std::string cell = fmt::format("{:.2f}", 100 * row.metrics.accuracy);
    return cell == "100.00" ? "100" : cell;
  });
  if (report.runs.size() > 1)
    text += "\n" + pivot(report, "its s.e.", [](const SweepRow& row) {
              return fmt::format("{:.2f}", 100 * row.metrics.accuracy_se);
            });
  text += "\n" + pivot(report, "NLL",
                       [](const SweepRow& row) { return fmt::format("{:.3f}", row.metrics.nll); });
  return text;
}

/// One line a reason, with all criteria that it keeps out.
std::vector<std::string> left_out_lines(const SweepReport& report) {
  std::vector<std::pair<std::string, std::string>> by_reason;
  for (const auto& [criterion, why] : report.left_out) {
    const auto same =
        std::find_if(by_reason.begin(), by_reason.end(),
                     [&, reason = why](const auto& row) { return row.second == reason; });
    if (same == by_reason.end()) {
      by_reason.emplace_back(criterion, why);
    } else {
      same->first += ", " + criterion;
    }
  }
  std::vector<std::string> lines;
  lines.reserve(by_reason.size());
  for (const auto& [names, why] : by_reason)
    lines.push_back(fmt::format("{} left out: {}", names, why));
  return lines;
}

void print_heading(const SweepReport& report) {
  const Metrics& full = report.result.full;
  print_out(
      "{} of {}, {} {} images, K = {}", fmt::join(report.layers, ", "),
      report.runs.size() == 1 ? report.checkpoint : fmt::format("{} networks", report.runs.size()),
      count_text(full.images), split_name(report.split), report.request.members);
  if (!report.smooth.empty())
    print_out(", kappa {} ({})",
              report.smooth == "none" ? "of the network as it is" : "smoothed by " + report.smooth,
              report.kappa_map);
  print_out(": full ensemble {:.2f} % (s.e. {:.2f}), NLL {:.4f}\n", 100 * full.accuracy,
            100 * full.accuracy_se, full.nll);
}

void print_chosen(const SweepReport& report) {
  if (report.rule.empty()) return;
  if (report.chosen < 0) {
    print_out("\nno row has {}\n", report.rule);
    return;
  }
  const SweepRow& row = report.result.rows[static_cast<std::size_t>(report.chosen)];
  print_out(
      "\nchosen by {} on {} images: {}, replace {}, sparsity {:.2f} %\n", report.rule,
      split_name(report.split),
      row.criterion == "kappa" ? fmt::format("kappa_0 = {:.4g}", row.threshold) : row.criterion,
      replacement_name(row.replace), 100 * row.sparsity);
  const auto lost = [](const SweepRow& cut) {
    return fmt::format("{:+.2f} points lost (s.e. {:.2f})", 0.0 - 100 * cut.difference.difference,
                       100 * cut.difference.standard_error);
  };
  print_out("  {} on {} {} images", lost(row), count_text(report.result.full.images),
            split_name(report.split));
  if (report.tested)
    print_out("; {} on {} test images, {:.2f} % right", lost(report.tested->row),
              count_text(report.tested->full.images), 100 * report.tested->row.metrics.accuracy);
  print_out("\n");
}

void print_report(const SweepReport& report, bool wide) {
  print_heading(report);
  if (report.by_criteria) {
    print_out("columns: % of {} dropped; repair {}\n\n{}",
              report.request.scope == Scope::global ? "all these weights" : "each layer's weights",
              repair_name(report.request.repair), criteria_table(report));
    for (const std::string& line : left_out_lines(report)) print_out("\n{}", line);
    if (!report.left_out.empty()) print_out("\n");
  } else {
    print_out("\n{}", cut_table(report, wide));
  }
  print_chosen(report);
}

class SweepVerb final : public Verb {
 public:
  std::string examples() const override {
    return "  varphase sweep runs/first\n  varphase sweep runs/first --split validation --choose "
           "'drop<=0.1'\n"
           "  varphase sweep runs/first --thresholds 10^1,10^1.5,10^2 --replace mean\n"
           "  varphase sweep runs/first --sparsities 0.9,0.95,0.98,0.99 --repair batch-norm\n"
           "  varphase sweep runs/first --criteria all --repair batch-norm\n"
           "  varphase sweep runs/a runs/b runs/c --criteria kappa,variance-share,random\n";
  }

  void declare(Flags& flags) override {
    flags.of(request_, {"runs"});
    flags.quiet(quiet_);
    flags.wide(wide_);
    flags.json(json_);
  }

  int run(const Engine& engine) override {
    TerminalJob<> job(quiet_, !json_);
    const SweepRunsResult result = engine.sweep(request_, job);
    if (json_) {
      print_json(to_json(result.report));
      return tell_unwritten(result.unwritten);
    }
    print_report(result.report, wide_);
    const int code = tell_unwritten(result.unwritten);
    if (code == kSuccess) print_out("\n{}.csv, .json\n", result.stem);
    return code;
  }

 private:
  SweepRunsRequest request_;
  bool json_ = false, wide_ = false, quiet_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_sweep_verb() { return std::make_unique<SweepVerb>(); }

}  // namespace varphase
