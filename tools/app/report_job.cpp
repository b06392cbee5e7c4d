// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/report_job.hpp"

#include "analysis/report/report.hpp"
#include "tools/app/output_file.hpp"
#include "tools/app/run_contents.hpp"
#include "tools/app/run_folder.hpp"

namespace varphase {

ReportResult make_report(const ReportRequest& request, Job& /*job*/) {
  const RunFolder run(request.run);
  const RunLock lock = begin_analysis(run.path());
  ReportResult result;
  result.page = request.out.empty() ? run.layout().page() : std::filesystem::path(request.out);
  // The run's own page is made anew each time; another file is somebody's.
  check_output_file(result.page, request.overwrite || request.out.empty());
  result.left_out = write_report(run.path(), result.page);
  return result;
}

}  // namespace varphase
