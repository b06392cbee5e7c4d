// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/report_job.hpp"

#include <functional>
#include <utility>

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

struct Page {
  std::function<std::string(const PageFrame&)> render;
  std::vector<std::string> problems;
};

/// Of one run, or of several side by side.
Page page_of(const ReportRequest& request, const std::vector<NamedRun>& runs) {
  ComparisonInputs inputs{comparison_name(request.runs, runs.size()), {}};
  Page page;
  for (const NamedRun& run : runs) {
    inputs.runs.push_back(collect_report(run.path));
    const std::vector<std::string>& own = inputs.runs.back().problems;
    page.problems.insert(page.problems.end(), own.begin(), own.end());
  }
  if (is_comparison(request.runs)) {
    for (std::size_t i = 0; i < runs.size(); ++i) inputs.runs[i].name = runs[i].name;
    page.render = [inputs](const PageFrame& frame) { return render_comparison(inputs, frame); };
  } else {
    page.render = [run = inputs.runs.front()](const PageFrame& frame) {
      return render_report(run, frame);
    };
  }
  return page;
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
  check_output_file(result.page, request.overwrite || request.out.empty());
  std::vector<RunLock> locks;
  locks.reserve(runs.size());
  for (const NamedRun& run : runs) locks.push_back(begin_analysis(run.path));
  const Page page = page_of(request, runs);
  if (!request.figures.empty()) {
    try {
      result.figures = write_figures(page.render({.live = false, .progress = "", .exported = true}),
                                     request.figures, format, request.overwrite, job);
    } catch (const Browser::Stopped&) {
      result.interrupted = true;
      return result;
    }
  }
  write_text_atomically(result.page, page.render({}));
  result.left_out = page.problems;
  return result;
}

}  // namespace varphase
