// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/shift_job.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/data/dataset.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/tools/app/heard_job.hpp"
#include "tests/tools/app/plain_scores.hpp"
#include "tools/app/run_images.hpp"

namespace varphase::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ShiftHeard final : public HeardJob<ShiftJob> {
 public:
  void scored(const ShiftScores& scores) override {
    rows.push_back(fmt::format("{} {}", scores.corruption, scores.strength));
  }

  std::vector<std::string> rows;
};

class ShiftOfARun : public testing::Test {
 protected:
  ShiftOfARun() : checkpoint_(make_small_run(folder_ / "a")) {
    request_.device = "cpu";
    request_.threads = 1;
    request_.samples = 3;
    request_.paths = {(folder_ / "a").string()};
    request_.corruptions = {"rotation", "contrast"};
  }
  std::string refused() {
    return refusal(ErrorKind::usage, [&] { shift(request_, job_); });
  }

  TemporaryFolder folder_;
  fs::path checkpoint_;
  ShiftRequest request_;
  ShiftHeard job_;
};

TEST_F(ShiftOfARun, RowsAreThoseOfAPlainPassOverWorseImages) {
  const ShiftResult result = shift(request_, job_);
  ASSERT_EQ(result.networks.size(), 1U);
  const ShiftedNetwork& network = result.networks.front();
  ASSERT_EQ(network.scores.size(), 11U);
  EXPECT_EQ(network.images, 40);
  const ImageSet clean = open_dataset(small_config().data, "").part(Split::test);
  for (const ShiftScores& row : network.scores) {
    SCOPED_TRACE(fmt::format("{} {}", row.corruption, row.strength));
    const ImageSet set =
        row.strength == 0
            ? clean
            : corrupted(clean, corruption_names().value(row.corruption), row.strength, 1);
    const PlainScores want = plain_scores(checkpoint_, set);
    const Metrics& got = row.metrics.at("deterministic");
    EXPECT_NEAR(got.accuracy, want.accuracy, 1e-12);
    EXPECT_NEAR(got.nll, want.nll, 1e-5 * want.nll);
    EXPECT_EQ(row.metrics.at("ensemble").images, 40);
  }
}

TEST_F(ShiftOfARun, TheCleanRowIsWhatEvalSays) {
  const ShiftResult result = shift(request_, job_);
  EvaluateRequest request;
  request.device = "cpu";
  request.threads = 1;
  request.samples = 3;
  request.paths = request_.paths;
  Job nobody;
  const MetricsByEstimator evaluated = evaluate(request, nobody).entries.front().metrics;
  for (const auto& [estimator, got] : result.networks.front().scores.front().metrics) {
    EXPECT_EQ(got.accuracy, evaluated.at(estimator).accuracy) << estimator;
    EXPECT_EQ(got.nll, evaluated.at(estimator).nll) << estimator;
    EXPECT_EQ(got.ece, evaluated.at(estimator).ece) << estimator;
  }
}

TEST_F(ShiftOfARun, MeansAreOverTheCorruptions) {
  const ShiftedNetwork network = shift(request_, job_).networks.front();
  ASSERT_EQ(network.means.size(), 5U);
  for (int strength = 1; strength <= 5; ++strength) {
    const auto at = static_cast<std::size_t>(strength);
    const double rotation = network.scores[at].metrics.at("ensemble").nll;
    const double contrast = network.scores[5 + at].metrics.at("ensemble").nll;
    EXPECT_EQ(network.means[at - 1].strength, strength);
    EXPECT_NEAR(network.means[at - 1].metrics.at("ensemble").nll, (rotation + contrast) / 2, 1e-12);
  }
}

TEST_F(ShiftOfARun, TellsItsWorkAndEachRow) {
  shift(request_, job_);
  ASSERT_EQ(job_.pieces.size(), 1U);
  EXPECT_EQ(job_.pieces[0].total, 11 * 40 * (1 + 3));
  EXPECT_EQ(job_.pieces[0].done, job_.pieces[0].total);
  ASSERT_EQ(job_.rows.size(), 16U);
  EXPECT_EQ(job_.rows.front(), "clean 0");
  EXPECT_EQ(job_.rows[1], "rotation 1");
  EXPECT_EQ(job_.rows.back(), "mean 5");
}

TEST_F(ShiftOfARun, TheFileIsTheResult) {
  request_.out = (folder_ / "shift.json").string();
  request_.images = 7;
  const ShiftResult result = shift(request_, job_);
  EXPECT_EQ(read_json_file(request_.out), to_json(result));
  EXPECT_EQ(result.networks.front().images, 7);
  EXPECT_THAT(refused(), HasSubstr("--overwrite"));
}

TEST_F(ShiftOfARun, WhatIsNotThereIsRefusedBeforeWork) {
  request_.images = 41;
  EXPECT_THAT(refused(), HasSubstr("has 40 test images"));
  request_.images = 0;
  request_.corruptions = {"rotaton"};
  EXPECT_THAT(refused(), HasSubstr("rotation"));
  request_.corruptions = {};
  request_.paths = {};
  EXPECT_THAT(refused(), HasSubstr("a run or a file"));
  EXPECT_TRUE(job_.rows.empty());
}

TEST_F(ShiftOfARun, ARequestComesBackFromItsJson) { expect_round_trip(request_); }

}  // namespace
}  // namespace varphase::test
