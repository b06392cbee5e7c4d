// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/sweep_job.hpp"

#include <fstream>

#include <gmock/gmock.h>

#include "analysis/kappa/threshold.hpp"
#include "checkpoints/run_layout.hpp"
#include "src/base/error.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/tools/app/heard_job.hpp"
#include "tests/tools/app/two_layers.hpp"

namespace varphase::test {
namespace {

namespace fs = std::filesystem;

SweepRunsRequest sweep_request(const RunLayout& run) {
  SweepRunsRequest request;
  request.runs = {run.folder.string()};
  request.device = "cpu";
  request.samples = 2;
  return request;
}

TEST(SweepJob, ItsFilesAreItsReport) {
  const TemporaryFolder folder;
  const RunLayout run{folder / "run"};
  make_small_run(run.folder, two_layers());
  SweepRunsRequest request = sweep_request(run);
  request.thresholds = {"10^1.5", "31.622776601683793", "log:-30"};
  request.choose = "drop<=100";
  HeardJob<> job;
  const SweepRunsResult result = sweep_runs(request, job);
  EXPECT_TRUE(result.unwritten.empty());
  EXPECT_EQ(fs::path(result.stem), run.sweeps() / "epoch_0001_validation");
  const Json json = read_json_file(result.stem + ".json");
  EXPECT_EQ(json, to_json(result.report));
  std::ifstream csv(result.stem + ".csv");
  std::vector<std::string> lines;
  for (std::string line; std::getline(csv, line);) lines.push_back(line);
  ASSERT_EQ(result.report.result.rows.size(), 6U);
  ASSERT_EQ(lines.size(), 7U);
  EXPECT_THAT(lines[1], testing::StartsWith("kappa,1.5,,"));
  for (std::size_t i = 0; i < 6; ++i) {
    const SweepRow& row = result.report.result.rows[i];
    EXPECT_THAT(lines[i + 1], testing::HasSubstr(fmt::format(",{},", row.metrics.accuracy)));
    EXPECT_THAT(lines[i + 1], testing::HasSubstr(fmt::format(",{},", row.metrics.nll)));
  }

  // The three forms of a threshold are one number, and its logarithm is what was written.
  EXPECT_EQ(json["rows"][0]["threshold"], kDefaultKappa0);
  EXPECT_EQ(json["rows"][0]["log10_threshold"], 1.5);
  EXPECT_EQ(json["rows"][2]["threshold"], kDefaultKappa0);
  EXPECT_EQ(json["rows"][2]["kept"], json["rows"][0]["kept"]);
  EXPECT_EQ(json["rows"][4]["log10_threshold"], -30);
  EXPECT_LT(json["rows"][0]["kept"], json["rows"][4]["kept"]);
  EXPECT_EQ(
      result.report.chosen >= 0
          ? result.report.result.rows[static_cast<std::size_t>(result.report.chosen)].kept_total()
          : -1,
      json["rows"][0]["kept"]);

  ASSERT_EQ(job.pieces.size(), 2U);
  EXPECT_EQ(job.pieces[1].what, "sweep of epoch_0001.h5");
  for (const auto& piece : job.pieces) EXPECT_EQ(piece.done, piece.total) << piece.what;
}

TEST(SweepJob, AChoiceOfValidationImagesIsTestedOnTestImages) {
  const TemporaryFolder folder;
  const RunLayout run{folder / "run"};
  make_small_run(run.folder, two_layers());
  SweepRunsRequest request = sweep_request(run);
  request.thresholds = {"10^1.5", "10^-30"};
  request.choose = "drop<=100";
  Job job;
  const SweepReport chosen = sweep_runs(request, job).report;
  ASSERT_EQ(chosen.split, Split::validation);
  ASSERT_TRUE(chosen.tested.has_value());
  request.split = "test";
  const SweepReport tested = sweep_runs(request, job).report;
  EXPECT_FALSE(tested.tested.has_value());
  const SweepRow& row = tested.result.rows[static_cast<std::size_t>(chosen.chosen)];
  EXPECT_EQ(chosen.tested->row.metrics.nll, row.metrics.nll);
  EXPECT_EQ(chosen.tested->row.difference.difference, row.difference.difference);
  EXPECT_EQ(chosen.tested->full.nll, tested.result.full.nll);
  const Json json = to_json(chosen);
  EXPECT_EQ(json["predicted_images"], chosen.result.full.images);
  EXPECT_EQ(json["chosen"]["test"]["images"], tested.result.full.images);
  EXPECT_EQ(json["chosen"]["test"]["accuracy"], row.metrics.accuracy);
}

TEST(SweepJob, BySparsityAloneHasNoThresholdsAndAFileOfItsOwn) {
  const TemporaryFolder folder;
  const RunLayout run{folder / "run"};
  make_small_run(run.folder, two_layers());
  SweepRunsRequest request = sweep_request(run);
  request.sparsities = {0.5, 0.9};
  Job job;
  const SweepRunsResult result = sweep_runs(request, job);
  ASSERT_EQ(result.report.result.rows.size(), 4U);
  for (const SweepRow& row : result.report.result.rows) EXPECT_TRUE(row.point.by_sparsity);
  EXPECT_EQ(fs::path(result.stem), run.sweeps() / "epoch_0001_validation_by-sparsity");
}

TEST(SweepJob, OfTwoRunsIsTheirMean) {
  const TemporaryFolder folder;
  const RunLayout a{folder / "a"}, b{folder / "b"};
  RunConfig config = two_layers();
  make_small_run(a.folder, config);
  config.train.seed += 1;
  make_small_run(b.folder, config);
  SweepRunsRequest request = sweep_request(a);
  request.criteria = {"magnitude", "random"};
  request.sparsities = {0.5};
  request.replace = "zero";
  Job job;
  const SweepRunsResult first = sweep_runs(request, job);
  request.runs = {b.folder.string()};
  const SweepRunsResult second = sweep_runs(request, job);
  request.runs = {a.folder.string(), b.folder.string()};
  const SweepRunsResult both = sweep_runs(request, job);
  ASSERT_EQ(both.report.result.rows.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    const double one = first.report.result.rows[i].metrics.nll;
    const double other = second.report.result.rows[i].metrics.nll;
    EXPECT_NE(one, other);
    EXPECT_DOUBLE_EQ(both.report.result.rows[i].metrics.nll, (one + other) / 2);
  }
  EXPECT_EQ(fs::path(both.stem), a.sweeps() / "criteria" / "epoch_0001_validation_2-runs");
  EXPECT_EQ(both.report.images.size(), 2U);
}

TEST(SweepJob, RefusesAndLeavesNothing) {
  const TemporaryFolder folder;
  const RunLayout run{folder / "run"};
  make_small_run(run.folder, two_layers(0));
  Job job;
  const auto refuses = [&](const char* what, const auto& change) {
    SweepRunsRequest request = sweep_request(run);
    change(request);
    const std::string said = refusal(ErrorKind::usage, [&] { sweep_runs(request, job); });
    EXPECT_THAT(said, testing::HasSubstr(what));
    EXPECT_FALSE(fs::exists(run.sweeps())) << what;
  };
  // Thresholds were exponents once: these must not be taken for kappa_0.
  refuses("10^1.5", [](SweepRunsRequest& r) { r.thresholds = {"0"}; });
  refuses("10^1.5", [](SweepRunsRequest& r) { r.thresholds = {"-2"}; });
  refuses("of kappa alone", [](SweepRunsRequest& r) {
    r.criteria = {"sigma2"};
    r.thresholds = {"10"};
  });
  refuses("beside it", [](SweepRunsRequest& r) { r.criteria = {"all", "kappa"}; });
  refuses("named twice", [](SweepRunsRequest& r) { r.criteria = {"obd", "obd"}; });
  refuses("no validation images", [](SweepRunsRequest& r) { r.split = "validation"; });
  refuses("drop<=POINTS", [](SweepRunsRequest& r) { r.choose = "drop"; });
  refuses("wants a run", [](SweepRunsRequest& r) { r.runs.clear(); });
}

TEST(SweepJob, ItsRequestIsJson) {
  SweepRunsRequest request;
  assign_fields(request, Json{{"runs", {"a"}}, {"thresholds", {"10^2"}}, {"sparsities", {0.5, 1}}});
  EXPECT_EQ(request.sparsities, (NumberList{0.5, 1}));
  expect_round_trip(request);
  EXPECT_THROW(assign_fields(request, Json{{"sparsities", {-0.5}}}), Error);
}

}  // namespace
}  // namespace varphase::test
