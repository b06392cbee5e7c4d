// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/cli/metric_tables_text.hpp"

#include <algorithm>
#include <cmath>

#include "src/base/console.hpp"
#include "src/base/text_table.hpp"

namespace varphase {
namespace {

/// A column of a table: a metric's name behind its group's, and how it is shown.
struct Shown {
  const char* name;
  const char* title;
  bool percent;
  int digits;
  int spare = 0;
};

const std::vector<Shown> kClassification{{"cls/Acc", "Acc %", true, 2},
                                         {"cls/Brier", "Brier", false, 4, 2},
                                         {"cls/NLL", "NLL", false, 4},
                                         {"cls/Entropy", "Entropy", false, 4, 1},
                                         {"cls/MI", "MI", false, 4}};
const std::vector<Shown> kCalibration{
    {"cal/ECE", "ECE %", true, 2}, {"cal/aECE", "aECE %", true, 2}, {"cal/MCE", "MCE %", true, 2}};
const std::vector<Shown> kSelective{{"sc/AURC", "AURC %", true, 3},
                                    {"sc/AUGRC", "AUGRC %", true, 3, 1},
                                    {"sc/Acc_80Cov", "Acc_80Cov %", true, 2},
                                    {"sc/Acc_90Cov", "Acc_90Cov %", true, 2}};
const std::vector<Shown> kDetection{
    {"AUROC", "AUROC %", true, 2}, {"AUPR", "AUPR %", true, 2}, {"FPR95", "FPR95 %", true, 2}};
constexpr std::pair<const char*, const char*> kUncertaintyTitles[] = {
    {"entropy", "entropy"}, {"mutual_information", "mutual inf."}, {"msp", "max. prob."}};

std::string number_text(double value, const Shown& shown, bool with_sign) {
  if (std::isnan(value)) return "-";
  const double scaled = shown.percent ? 100 * value : value;
  return with_sign ? fmt::format("{:+.{}f}", scaled, shown.digits)
                   : fmt::format("{:.{}f}", scaled, shown.digits);
}

std::string interval_text(const Interval& interval, const Shown& shown, bool with_sign) {
  if (std::isnan(interval.low)) return "-";
  return number_text(interval.low, shown, with_sign) + ".." +
         number_text(interval.high, shown, with_sign);
}

/// The lines of one prediction in one table: values, their intervals, and those of the differences.
class PredictionLines {
 public:
  PredictionLines(const TextTable& table, const std::vector<Shown>& shown)
      : table_(table), shown_(shown) {}

  /// @param prefix  of the shown metrics' names in the list
  void print(const std::string& title, const std::vector<MetricEstimate>& metrics,
             const std::string& prefix) const {
    print_line(title, metrics, prefix, [](const MetricEstimate& metric, const Shown& shown) {
      return number_text(metric.value, shown, false);
    });
    const auto known = [&](auto&& interval_of) {
      return std::any_of(metrics.begin(), metrics.end(), [&](const MetricEstimate& metric) {
        return metric.name.starts_with(prefix) && !std::isnan(interval_of(metric).low);
      });
    };
    if (known([](const auto& metric) { return metric.interval; }))
      print_line("  95 %", metrics, prefix, [](const MetricEstimate& metric, const Shown& shown) {
        return interval_text(metric.interval, shown, false);
      });
    const bool compared = std::any_of(metrics.begin(), metrics.end(), [](const auto& metric) {
      return metric.difference.has_value();
    });
    if (compared && known([](const auto& metric) { return metric.difference_interval; }))
      print_line(
          "  less base", metrics, prefix, [](const MetricEstimate& metric, const Shown& shown) {
            return metric.difference ? interval_text(metric.difference_interval, shown, true) : "-";
          });
  }

 private:
  template <class Text>
  void print_line(const std::string& title, const std::vector<MetricEstimate>& metrics,
                  const std::string& prefix, Text&& text) const {
    std::vector<std::string> cells{title};
    for (const Shown& column : shown_) {
      const MetricEstimate* metric = find_metric(metrics, prefix + column.name);
      cells.push_back(metric != nullptr ? text(*metric, column) : "-");
    }
    print_out("{}\n", table_.row(cells));
  }

  const TextTable& table_;
  const std::vector<Shown>& shown_;
};

TextTable table_of(const std::string& title, int width, const std::vector<Shown>& shown,
                   bool wide) {
  std::vector<TextTable::Column> columns{{title, width, 0, true}};
  for (const Shown& column : shown) columns.push_back({column.title, 16, column.spare});
  return TextTable(columns, !wide);
}

/// Prints a column's lines under its network's name.
template <class Print>
void print_columns(const MetricTables& tables, Print&& print) {
  const std::string* network = nullptr;
  for (const MetricColumn& column : tables.columns) {
    if (network == nullptr || *network != column.network) print_out("{}\n", column.network);
    network = &column.network;
    print(column);
  }
}

void print_group(const MetricTables& tables, const std::string& group,
                 const std::vector<Shown>& shown, bool wide) {
  const TextTable table = table_of(group, 13, shown, wide);
  print_out("\n{}\n", table.header());
  const PredictionLines lines(table, shown);
  print_columns(tables, [&](const MetricColumn& column) {
    lines.print(column.estimator, column.metrics, "");
  });
  if (!table.left_out().empty()) print_out("{}\n", table.left_out());
}

void print_other_set(const MetricTables& tables, std::size_t set, bool wide) {
  const OtherSet& other = tables.other_sets[set];
  const TextTable table = table_of("ood", 25, kDetection, wide);
  print_out("\n{} images of {} told from the network's own\n{}\n", count_text(other.images),
            other.name, table.header());
  const PredictionLines lines(table, kDetection);
  print_columns(tables, [&](const MetricColumn& column) {
    for (const auto& [name, title] : kUncertaintyTitles) {
      const std::string prefix = fmt::format("ood/{}/", name);
      if (find_metric(column.detection[set], prefix + "AUROC") == nullptr) continue;
      lines.print(fmt::format("{}, {}", column.estimator, title), column.detection[set], prefix);
    }
  });
}

}  // namespace

void print_metric_tables(const EvaluateResult& result, bool wide) {
  const MetricTables& tables = *result.tables;
  const MetricColumn& first = tables.columns.front();
  print_out("\nmetrics of {} images, K = {}, seed {}; {} bins", result.split, result.samples,
            result.seed, kCalibrationBins);
  if (tables.resamples > 0) {
    print_out("; {} bootstrap resamples\nless base: 95 % of the differences from\n  {}, {}",
              count_text(tables.resamples), tables.against.empty() ? first.network : tables.against,
              tables.against.empty() ? first.estimator : "by the same way of prediction");
  }
  print_out("\n");
  for (const std::string& group : tables.groups) {
    if (group == "cls") print_group(tables, group, kClassification, wide);
    if (group == "cal") print_group(tables, group, kCalibration, wide);
    if (group == "sc") print_group(tables, group, kSelective, wide);
    if (group != "ood") continue;
    for (std::size_t set = 0; set < tables.other_sets.size(); ++set)
      print_other_set(tables, set, wide);
  }
}

}  // namespace varphase
