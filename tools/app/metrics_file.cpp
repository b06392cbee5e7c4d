// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/metrics_file.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

#include <fmt/ranges.h>

#include "src/base/atomic_file.hpp"
#include "src/base/json.hpp"
#include "src/base/log.hpp"

namespace varphase {

void MetricsFile::keep_until(std::int64_t epoch) {
  if (!std::filesystem::exists(path_)) return;
  std::istringstream lines(read_text_file(path_));
  text_.clear();
  std::string header;
  std::getline(lines, header);
  if (header.rfind("epoch,", 0) != 0) {
    log_warning(
        fmt::format("{}: is damaged, and begins anew\n  the checkpoints hold the metrics of "
                    "their epochs: varphase inspect",
                    path_.string()));
    return;
  }
  text_ = header + "\n";
  columns_.clear();
  std::istringstream names(header);
  for (std::string name; std::getline(names, name, ',');) columns_.push_back(name);
  for (std::string line; std::getline(lines, line);) {
    std::int64_t number = -1;
    const auto [end, status] = std::from_chars(line.data(), line.data() + line.size(), number);
    if (status == std::errc() && number <= epoch) text_ += line + "\n";
  }
}

std::map<std::string, double> MetricsFile::append(const EpochReport& report, std::int64_t step,
                                                  const SplitMetrics& evaluated) {
  std::vector<std::pair<std::string, std::optional<double>>> row{
      {"epoch", static_cast<double>(report.epoch)},
      {"step", static_cast<double>(step)},
      {"learning_rate", report.learning_rate},
      {"kl_weight", report.kl_weight},
      {"nll", report.nll},
      {"kl", report.kl},
      {"elbo", report.elbo}};
  for (const auto& [layer, value] : report.log_alpha) row.emplace_back("log_alpha/" + layer, value);
  for (const auto& [layer, value] : report.sparsity) row.emplace_back("sparsity/" + layer, value);
  for (const std::string& split : splits_) {
    const auto found = evaluated.find(split);
    for (const Estimator estimator : kEstimators) {
      const std::string name = estimator_name(estimator);
      std::optional<Metrics> metrics;
      if (found != evaluated.end()) metrics = found->second.by_estimator.at(name);
      row.emplace_back(split + "_accuracy_" + name,
                       metrics ? std::optional(metrics->accuracy) : std::nullopt);
      row.emplace_back(split + "_nll_" + name,
                       metrics ? std::optional(metrics->nll) : std::nullopt);
    }
    row.emplace_back(split + "_gap_se", found != evaluated.end()
                                            ? std::optional(found->second.gap.standard_error)
                                            : std::nullopt);
  }
  row.emplace_back("images_per_second", report.images_per_second);
  row.emplace_back("seconds", report.seconds);
  std::vector<std::string> header, cells;
  std::map<std::string, double> known;
  for (auto [name, value] : row) {
    if (!columns_.empty() && std::find(columns_.begin(), columns_.end(), name) == columns_.end())
      continue;
    header.push_back(name);
    cells.push_back(value ? fmt::format("{}", *value) : "");
    std::replace(name.begin(), name.end(), '/', '.');  // a name in a file has no slash
    if (value) known[name] = *value;
  }
  if (text_.empty()) text_ = fmt::format("{}\n", fmt::join(header, ","));
  if (columns_.empty()) columns_ = header;
  text_ += fmt::format("{}\n", fmt::join(cells, ","));
  write_text_atomically(path_, text_);
  return known;
}

}  // namespace varphase
