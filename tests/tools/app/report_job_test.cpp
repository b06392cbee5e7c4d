// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/report_job.hpp"

#include <gmock/gmock.h>

#include "src/base/atomic_file.hpp"
#include "src/base/error.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/tools/app/measured_run.hpp"

namespace varphase::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST(ReportJob, WritesThePageOfTheRun) {
  const TemporaryFolder folder;
  const RunLayout run = run_with_transition(folder / "run");
  Job job;
  ReportRequest request;
  request.runs = {run.folder.string()};
  const ReportResult result = make_report(request, job);
  EXPECT_EQ(result.page, run.page());
  EXPECT_TRUE(result.left_out.empty());
  const std::string page = read_text_file(run.page());
  EXPECT_THAT(page, HasSubstr("<!doctype html>"));
  EXPECT_THAT(page, HasSubstr("dense1"));
  // The run's own page is made anew without a word.
  EXPECT_EQ(make_report(request, job).page, run.page());
  expect_round_trip(request);
}

TEST(ReportJob, SaysWhatItLeavesOut) {
  const TemporaryFolder folder;
  const RunLayout run = run_with_transition(folder / "run");
  const fs::path damaged = MapFiles(run.folder).map({}, 2);
  fs::resize_file(damaged, fs::file_size(damaged) / 2);
  Job job;
  ReportRequest request;
  request.runs = {run.folder.string()};
  const ReportResult result = make_report(request, job);
  ASSERT_EQ(result.left_out.size(), 1U);
  EXPECT_THAT(result.left_out[0], HasSubstr("epoch_0002.h5"));
  EXPECT_THAT(read_text_file(run.page()), HasSubstr("epoch_0002.h5"));
}

TEST(ReportJob, ReplacesNobodysFile) {
  const TemporaryFolder folder;
  const RunLayout run = run_with_transition(folder / "run");
  Job job;
  ReportRequest request;
  request.runs = {run.folder.string()};
  request.out = (folder / "page.html").string();
  write_text_atomically(request.out, "mine");
  EXPECT_THAT(refusal(ErrorKind::usage, [&] { make_report(request, job); }),
              HasSubstr("--overwrite"));
  EXPECT_EQ(read_text_file(request.out), "mine");
  request.overwrite = true;
  make_report(request, job);
  EXPECT_THAT(read_text_file(request.out), HasSubstr("<!doctype html>"));
}

}  // namespace
}  // namespace varphase::test
