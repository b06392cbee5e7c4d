// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/live_page.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "analysis/report/figure_data.hpp"
#include "analysis/report/html.hpp"
#include "checkpoints/run_layout.hpp"
#include "src/base/progress.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr const char* kEndOfData = "</script>";
// Epochs before an evaluation or a map may take longer than others.
constexpr double kLongEpochs = 5, kLeastSeconds = 60;
constexpr std::size_t kRecent = 9;

/// Of the last epochs by metrics.csv; 0 where there are none.
double epoch_seconds(const CsvTable& metrics) {
  std::vector<double> seconds = metrics.values("seconds");
  std::erase_if(seconds, [](double one) { return !std::isfinite(one) || one <= 0; });
  if (seconds.empty()) return 0;
  if (seconds.size() > kRecent) seconds.erase(seconds.begin(), seconds.end() - kRecent);
  const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
  std::nth_element(seconds.begin(), middle, seconds.end());
  return *middle;
}

}  // namespace

std::string_view changing_part(std::string_view page) {
  const std::size_t data = page.find("id=\"report-data\"");
  const std::size_t end = data == std::string_view::npos ? data : page.find(kEndOfData, data);
  return end == std::string_view::npos ? page
                                       : page.substr(0, end + std::string_view(kEndOfData).size());
}

RunProgress progress_of(const ReportInputs& run) {
  RunProgress progress;
  progress.name = run.name;
  const Json epochs = number_at(value_at(run.config, "train"), "epochs");
  if (!epochs.is_null()) progress.epochs = epochs.get<std::int64_t>();
  if (!run.metrics) return progress;
  for (const double epoch : run.metrics->values("epoch")) {
    if (std::isfinite(epoch)) progress.epoch = static_cast<std::int64_t>(epoch);
  }
  progress.seconds = epoch_seconds(*run.metrics);
  std::error_code gone;
  const auto written = fs::last_write_time(RunLayout{run.run}.metrics(), gone);
  if (!gone)
    progress.since = std::max(
        0.0, std::chrono::duration<double>(fs::file_time_type::clock::now() - written).count());
  return progress;
}

bool is_pause(const RunProgress& progress, double seconds) {
  return seconds > std::max(kLeastSeconds, kLongEpochs * progress.seconds);
}

std::string progress_text(const RunProgress& progress) {
  if (progress.epochs > 0 && progress.epoch >= progress.epochs)
    return fmt::format("all {} epochs are trained", progress.epochs);
  std::string text = fmt::format("epoch {} of {}", progress.epoch, progress.epochs);
  if (progress.seconds <= 0) return text;
  if (is_pause(progress, progress.since))
    return text + fmt::format("; none since {}: stopped?", duration_text(progress.since));
  const double left = progress.seconds * static_cast<double>(progress.epochs - progress.epoch);
  return text + fmt::format(", about {} left", duration_text(std::max(left - progress.since, 1.0)));
}

std::string progress_html(const std::vector<RunProgress>& runs) {
  std::string rows;
  for (const RunProgress& run : runs) {
    const std::string name = escape_html(run.name);
    rows += fmt::format(
        "<li><span>{}</span><progress max=\"{}\" value=\"{}\" aria-label=\"epochs of "
        "{}\"></progress>"
        "<span>{}</span></li>",
        runs.size() > 1 ? name : "", std::max<std::int64_t>(run.epochs, 1), run.epoch, name,
        escape_html(progress_text(run)));
  }
  return "<ul class=\"live\" aria-label=\"Training\">" + rows +
         "</ul><p class=\"live-state\" role=\"status\"></p>";
}

}  // namespace varphase
