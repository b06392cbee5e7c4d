// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/transition_job.hpp"

#include <gmock/gmock.h>

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
  request.run = run.folder.string();
  request.onset_count = 2;
  return request;
}

TEST(TransitionJob, FindsWhatIsInMapsAndMetrics) {
  const TemporaryFolder folder;
  const RunLayout run = run_with_transition(folder / "run");
  Job job;
  const TransitionResult result = find_transition(transition_request(run), job);
  EXPECT_TRUE(result.unwritten.empty());
  EXPECT_EQ(result.transition.onset, 3);
  EXPECT_EQ(result.transition.drop, 4);
  EXPECT_EQ(result.transition.gap, 4);
  EXPECT_EQ(result.transition.lag(), -1);
  ASSERT_EQ(result.transition.rows.size(), 4U);
  EXPECT_EQ(result.transition.rows[3].over_total(), 8);
  EXPECT_EQ(read_json_file(run.transition_json()), to_json(result.transition));
  EXPECT_EQ(read_text_file(run.transition_csv()), to_csv(result.transition));

  // Another kappa_0 counts other weights, and the files are made anew.
  TransitionRequest request = transition_request(run);
  request.kappa0 = "0.5";
  EXPECT_EQ(find_transition(request, job).transition.onset, 1);
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
  refuses(ErrorKind::io, "none", [&](Request& r) { r.run = none.string(); });

  // A run that nothing was measured of.
  make_small_run(folder / "fresh");
  Request request = transition_request(RunLayout{folder / "fresh"});
  EXPECT_THAT(refusal(ErrorKind::io, [&] { find_transition(request, job); }),
              HasSubstr("no kappa maps"));
  EXPECT_FALSE(fs::exists(RunLayout{folder / "fresh"}.transition_json()));
}

TEST(TransitionJob, ItsRequestIsJson) {
  TransitionRequest request;
  assign_fields(request, Json{{"run", "a"}, {"onset_share", 0.25}});
  EXPECT_EQ(request.onset_share, 0.25);
  expect_round_trip(request);
  EXPECT_THROW(assign_fields(request, Json{{"drop_points", 101}}), Error);
}

}  // namespace
}  // namespace varphase::test
