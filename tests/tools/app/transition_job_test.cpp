// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/transition_job.hpp"

#include <gmock/gmock.h>

#include "analysis/kappa/map_files.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/error.hpp"
#include "src/base/json.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/tools/app/measured_run.hpp"

namespace varphase::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TransitionRequest transition_request(const RunLayout& run) {
  TransitionRequest request;
  request.runs = {run.folder.string()};
  request.onset_count = 2;
  return request;
}

TEST(TransitionJob, FindsWhatIsInMapsAndMetrics) {
  const TemporaryFolder folder;
  const RunLayout run = run_with_transition(folder / "run");
  Job job;
  const TransitionResult result = find_transition(transition_request(run), job);
  EXPECT_TRUE(result.unwritten.empty());
  ASSERT_EQ(result.runs.size(), 1U);
  const Transition& found = result.runs.front().transition;
  EXPECT_EQ(found.onset, 3);
  EXPECT_EQ(found.drop, 4);
  EXPECT_EQ(found.gap, 4);
  EXPECT_EQ(found.lag(), -1);
  ASSERT_EQ(found.rows.size(), 4U);
  EXPECT_EQ(found.rows[3].over_total(), 8);
  EXPECT_EQ(read_json_file(run.transition_json()), to_json(found));
  EXPECT_EQ(read_text_file(run.transition_csv()), to_csv(found));
  EXPECT_EQ(to_json(result), to_json(found));

  // Another kappa_0 counts other weights, and the files are made anew.
  TransitionRequest request = transition_request(run);
  request.kappa0 = "0.5";
  EXPECT_EQ(find_transition(request, job).runs.front().transition.onset, 1);
  EXPECT_THAT(read_text_file(run.transition_csv()), HasSubstr("1,10,10,"));
}

TEST(TransitionJob, RefusesAndKeepsWhatWasThere) {
  const TemporaryFolder folder;
  const RunLayout run = run_with_transition(folder / "run");
  Job job;
  find_transition(transition_request(run), job);
  const std::string before = read_text_file(run.transition_json());
  const auto refuses = [&](ErrorKind kind, const char* what, const auto& change) {
    TransitionRequest request = transition_request(run);
    change(request);
    EXPECT_THAT(refusal(kind, [&] { find_transition(request, job); }), HasSubstr(what));
    EXPECT_EQ(read_text_file(run.transition_json()), before);
  };
  using Request = TransitionRequest;
  refuses(ErrorKind::usage, "10^1.5", [](Request& r) { r.kappa0 = "none"; });
  refuses(ErrorKind::usage, "share", [](Request& r) { r.onset_share = 1; });
  refuses(ErrorKind::usage, "smooth-none", [](Request& r) { r.maps = "smooth-none"; });
  const fs::path none = folder / "none";
  refuses(ErrorKind::io, "none", [&](Request& r) { r.runs = {none.string()}; });

  // A run that nothing was measured of.
  make_small_run(folder / "fresh");
  Request request = transition_request(RunLayout{folder / "fresh"});
  EXPECT_THAT(refusal(ErrorKind::io, [&] { find_transition(request, job); }),
              HasSubstr("no kappa maps"));
  EXPECT_FALSE(fs::exists(RunLayout{folder / "fresh"}.transition_json()));
}

TEST(TransitionJob, PutsRunsSideBySide) {
  const TemporaryFolder folder;
  const RunLayout a = run_with_transition(folder / "x" / "run");
  const RunLayout b = run_with_transition(folder / "y" / "run");
  // The second sees nothing of the last two epochs.
  for (const int epoch : {3, 4}) fs::remove(MapFiles(b.folder).map({}, epoch));
  TransitionRequest request = transition_request(a);
  request.runs.push_back(b.folder.string());
  request.out = (folder / "tables" / "onsets.csv").string();
  Job job;
  const TransitionResult result = find_transition(request, job);
  ASSERT_EQ(result.runs.size(), 2U);
  EXPECT_EQ(result.runs[0].name, "x/run");
  EXPECT_EQ(result.runs[1].name, "y/run");
  EXPECT_EQ(result.runs[0].transition.onset, 3);
  EXPECT_FALSE(result.runs[1].transition.onset);
  for (const RunLayout& run : {a, b}) EXPECT_TRUE(fs::exists(run.transition_json()));
  const std::string csv = read_text_file(request.out);
  EXPECT_THAT(csv, HasSubstr("name,run,onset,drop,gap,lag,gap_lag,over,"));
  EXPECT_THAT(csv, HasSubstr("\nx/run," + a.folder.string() + ",3,4,4,-1,-1,8,"));
  EXPECT_THAT(csv, HasSubstr("\ny/run," + b.folder.string() + ",nan,4,4,nan,nan,"));
  EXPECT_EQ(to_json(result)["runs"][0]["rows"], to_json(result.runs[0].transition)["rows"]);

  EXPECT_THAT(refusal(ErrorKind::usage, [&] { find_transition(request, job); }),
              HasSubstr("onsets.csv"));
  request.overwrite = true;
  request.out = (folder / "tables" / "onsets.json").string();
  EXPECT_EQ(read_json_file((find_transition(request, job), request.out)), to_json(result));
  request.runs.push_back((folder / "x" / "." / "run").string());
  EXPECT_THAT(refusal(ErrorKind::usage, [&] { find_transition(request, job); }),
              HasSubstr("named twice"));
}

TEST(TransitionJob, ItsRequestIsJson) {
  TransitionRequest request;
  assign_fields(request, Json{{"runs", {"a"}}, {"onset_share", 0.25}});
  EXPECT_EQ(request.onset_share, 0.25);
  expect_round_trip(request);
  EXPECT_THROW(assign_fields(request, Json{{"drop_points", 101}}), Error);
}

}  // namespace
}  // namespace varphase::test
