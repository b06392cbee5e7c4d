// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/report.hpp"

#include "src/base/console.hpp"
#include "src/base/error.hpp"
#include "tools/app/output_file.hpp"
#include "tools/app/run_contents.hpp"
#include "tools/app/run_folder.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {

int run_report(const Options& options) {
  const RunFolder run(options.run);
  const RunLock lock = begin_analysis(run.path());
  const std::filesystem::path out =
      options.out.empty() ? run.path() / "report.html" : std::filesystem::path(options.out);
  // The run's own page is made anew each time; another file is somebody's.
  check_output_file(out, options.overwrite || options.out.empty());
  for (const std::string& problem : write_report(run.path(), out))
    print_err("varphase: left out: {}\n", problem);
  if (!options.quiet) print_out("{}\n", out.string());
  return kSuccess;
}

}  // namespace varphase
