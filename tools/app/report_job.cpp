// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/report_job.hpp"

#include <fmt/format.h>

#include "analysis/report/comparison.hpp"
#include "analysis/report/report.hpp"
#include "checkpoints/run_layout.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/distinct_names.hpp"
#include "src/base/error.hpp"
#include "tools/app/browser.hpp"
#include "tools/app/figure_files.hpp"
#include "tools/app/members_file.hpp"
#include "tools/app/named_runs.hpp"
#include "tools/app/output_file.hpp"
#include "tools/app/run_contents.hpp"

namespace varphase {
namespace fs = std::filesystem;

namespace {

/// Where the page lies that nobody named: a run's own page is made anew each time.
fs::path own_page(const ReportRequest& request) {
  VARPHASE_CHECK(request.runs.size() == 1, ErrorKind::usage,
                 "which run's page would it be? name the page of several by --out, such as "
                 "--out comparison.html");
  return RunLayout{request.runs.front()}.page();
}

}  // namespace

bool is_comparison(const TextList& folders) {
  return folders.size() > 1 || MembersFile::is_in(folders.front());
}

std::string comparison_name(const TextList& folders, std::size_t runs) {
  return folders.size() == 1 ? distinct_names({folders.front()}).front()
                             : fmt::format("{} runs", runs);
}

ReportResult make_report(const ReportRequest& request, Job& job) {
  const std::vector<NamedRun> runs = named_runs(request.runs);
  ReportResult result;
  result.page = request.out.empty() ? own_page(request) : fs::path(request.out);
  const FigureFormat format = figure_format_from_name(request.format);
  VARPHASE_CHECK(request.figures.empty() || !is_comparison(request.runs), ErrorKind::usage,
                 "--figures {}: prints the figures of one run: name a run, or a member's folder",
                 request.figures);
  check_output_file(result.page, request.overwrite || request.out.empty());
  std::vector<RunLock> locks;
  locks.reserve(runs.size());
  for (const NamedRun& run : runs) locks.push_back(begin_analysis(run.path));
  if (!is_comparison(request.runs)) {
    const ReportInputs inputs = collect_report(runs.front().path);
    if (!request.figures.empty()) {
      try {
        result.figures = write_figures(inputs, request.figures, format, request.overwrite, job);
      } catch (const Browser::Stopped&) {
        result.interrupted = true;
        return result;
      }
    }
    write_text_atomically(result.page, render_report(inputs));
    result.left_out = inputs.problems;
    return result;
  }
  std::vector<std::pair<fs::path, std::string>> compared;
  compared.reserve(runs.size());
  for (const NamedRun& run : runs) compared.emplace_back(run.path, run.name);
  result.left_out =
      write_comparison(comparison_name(request.runs, runs.size()), compared, result.page);
  return result;
}

}  // namespace varphase
