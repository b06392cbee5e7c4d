// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/evaluate_job.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/data/dataset.hpp"
#include "src/torch/device_images.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/tools/app/plain_scores.hpp"
#include "tools/app/run_images.hpp"

namespace varphase::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class TestJob final : public Job {
 public:
  void begin(const std::string& what, std::int64_t total, const std::string& unit) override {
    EXPECT_EQ(unit, "passes");
    begun.push_back(what);
    wanted += total;
  }
  void advance(std::int64_t units) override { done += units; }
  void end() override { ++ended; }

  std::vector<std::string> begun;
  std::int64_t wanted = 0, done = 0, ended = 0;
};

class EvaluateJob : public testing::Test {
 protected:
  EvaluateJob() : checkpoint_(make_small_run(folder_ / "a")) {
    request_.device = "cpu";
    request_.threads = 1;
    request_.samples = 3;
    request_.paths = {(folder_ / "a").string()};
  }
  std::string refused() {
    return refusal(ErrorKind::usage, [&] { evaluate(request_, job_); });
  }

  TemporaryFolder folder_;
  fs::path checkpoint_;
  EvaluateRequest request_;
  TestJob job_;
};

TEST_F(EvaluateJob, TheDeterministicNumbersAreThoseOfAPlainPass) {
  const EvaluateResult result = evaluate(request_, job_);
  ASSERT_EQ(result.entries.size(), 1U);
  const EvaluatedNetwork& entry = result.entries.front();
  EXPECT_EQ(entry.name, "full, epoch 1");
  EXPECT_EQ(entry.path, checkpoint_.string());
  EXPECT_EQ(entry.bytes, static_cast<std::int64_t>(fs::file_size(checkpoint_)));
  EXPECT_EQ(entry.images, 40);
  EXPECT_EQ(entry.nonzero, entry.weights);
  EXPECT_FALSE(entry.execution.has_value());
  ASSERT_EQ(entry.metrics.size(), 4U);

  const Dataset dataset = open_dataset(small_config().data, "");
  const PlainScores want = plain_scores(checkpoint_, dataset.part(Split::test));
  const Metrics& got = entry.metrics.at("deterministic");
  EXPECT_NEAR(got.nll, want.nll, 1e-5 * want.nll);
  EXPECT_EQ(got.accuracy, want.accuracy);
}

TEST_F(EvaluateJob, ShowsWhatEachMemberSaysOfAFewImages) {
  EXPECT_FALSE(evaluate(request_, job_).entries.front().examples);
  request_.metrics = {"cls"};
  request_.resamples = 0;
  const EvaluateResult result = evaluate(request_, job_);
  const ExamplePredictions& examples = result.entries.front().examples.value();
  const Dataset dataset = open_dataset(small_config().data, "");
  const ImageSet& set = dataset.part(Split::test);
  std::map<std::string, std::vector<double>> entropy;
  for (const ExamplePrediction& one : examples.images) {
    entropy[one.chosen].push_back(one.entropy);
    ASSERT_EQ(one.members.size(), one.classes.size());
    for (std::size_t c = 0; c < one.classes.size(); ++c) {
      ASSERT_EQ(one.members[c].size(), 3U);
      const double mean = (one.members[c][0] + one.members[c][1] + one.members[c][2]) / 3;
      EXPECT_NEAR(mean, one.probability[c], 1e-6);  // they are the ensemble's own
    }
    if (one.chosen != "unsure") {
      EXPECT_EQ(one.classes[0] == one.label, one.chosen == "right");
    }
    EXPECT_NE(std::count(one.classes.begin(), one.classes.end(), one.label), 0);
    const std::size_t at = static_cast<std::size_t>(
        std::find(set.index.begin(), set.index.end(), one.image) - set.index.begin());
    ASSERT_LT(at, set.index.size());
    EXPECT_EQ(set.labels[at], one.label);
    ASSERT_EQ(one.pixels.size(), 2U * 28 * 28);
    for (std::size_t i = 0; i < 28 * 28; ++i)
      EXPECT_EQ(std::stoi(one.pixels.substr(2 * i, 2), nullptr, 16), set.pixels[at * 28 * 28 + i]);
  }
  EXPECT_EQ(entropy["right"].size(), 3U);
  EXPECT_EQ(entropy["wrong"].size(), 3U);
  ASSERT_EQ(entropy["unsure"].size(), 3U);
  EXPECT_GE(entropy["unsure"].back(), entropy["wrong"].front());
  const Json json = to_json(result)["predictions"][0];
  EXPECT_EQ(json["images"][0]["classes"][0]["members"].size(), 3U);
  EXPECT_EQ(json["width"], 28);
}

TEST_F(EvaluateJob, TellsItsWork) {
  make_small_run(folder_ / "b");
  request_.paths.push_back((folder_ / "b").string());
  request_.together = true;
  const EvaluateResult result = evaluate(request_, job_);
  EXPECT_THAT(job_.begun, testing::ElementsAre("eval a: full, epoch 1", "eval b: full, epoch 1"));
  EXPECT_EQ(job_.wanted, 2 * 40 * (1 + 1 + 3 + 3));
  EXPECT_EQ(job_.done, job_.wanted);
  EXPECT_EQ(job_.ended, 2);
  ASSERT_TRUE(result.together.has_value());
  EXPECT_EQ(result.together->networks, 2);
  // Twins agree where nothing is drawn.
  EXPECT_NEAR(result.together->mutual_information.at("deterministic"), 0, 1e-9);
  EXPECT_NEAR(result.together->metrics.at("deterministic").nll,
              result.entries[0].metrics.at("deterministic").nll, 1e-9);
}

TEST_F(EvaluateJob, TheFileIsTheResult) {
  request_.out = (folder_ / "result.json").string();
  const EvaluateResult result = evaluate(request_, job_);
  EXPECT_TRUE(result.unwritten.empty());
  const Json file = read_json_file(request_.out);
  EXPECT_EQ(file, to_json(result));
  EXPECT_EQ(file["entries"][0]["nll"]["ensemble"], result.entries[0].metrics.at("ensemble").nll);
  EXPECT_THAT(refused(), HasSubstr("--overwrite"));
}

TEST_F(EvaluateJob, EveryNetworkButTheFirstIsComparedWithItImageByImage) {
  RunConfig other = small_config();
  other.train.seed += 1;
  make_small_run(folder_ / "b", other);
  request_.paths.push_back((folder_ / "b").string());
  const EvaluateResult result = evaluate(request_, job_);
  EXPECT_TRUE(result.entries[0].difference.empty());
  for (const auto& [estimator, metrics] : result.entries[1].metrics) {
    const PairedDifference& paired = result.entries[1].difference.at(estimator);
    const double difference = metrics.accuracy - result.entries[0].metrics.at(estimator).accuracy;
    EXPECT_NEAR(paired.difference, difference, 1e-12) << estimator;
    // At the least, all images that changed changed to the same side.
    const double least = std::abs(difference) * (1 - std::abs(difference)) / 40;
    EXPECT_GE(paired.standard_error, std::sqrt(least) - 1e-12) << estimator;
    EXPECT_EQ(to_json(result)["entries"][1]["difference_se"][estimator], paired.standard_error);
  }
}

TEST_F(EvaluateJob, TablesHoldEveryPredictionSideBySide) {
  make_small_run(folder_ / "b");
  request_.paths.push_back((folder_ / "b").string());
  request_.metrics = {"all"};
  request_.resamples = 20;
  request_.together = true;
  const EvaluateResult result = evaluate(request_, job_);
  ASSERT_TRUE(result.tables.has_value());
  EXPECT_THAT(result.tables->groups, testing::ElementsAre("cls", "cal", "sc"));
  const std::vector<MetricColumn>& columns = result.tables->columns;
  ASSERT_EQ(columns.size(), 3U * 4U);
  const auto value = [&](std::size_t column, const char* name) {
    return find_metric(columns[column].metrics, name)->value;
  };
  EXPECT_EQ(columns[6].network, "b: full, epoch 1");
  EXPECT_EQ(columns[6].estimator, "ensemble");
  const Metrics& known = result.entries[1].metrics.at("ensemble");
  EXPECT_NEAR(value(6, "cls/Acc"), known.accuracy, 1e-12);
  EXPECT_NEAR(value(6, "cls/NLL"), known.nll, 1e-6);
  EXPECT_NEAR(value(6, "cal/ECE"), known.ece, 1e-6);
  EXPECT_GT(value(6, "cls/MI"), 0);
  EXPECT_EQ(find_metric(columns[4].metrics, "cls/MI"), nullptr);
  // The twin predicts the same where nothing is drawn, on every resample.
  const MetricEstimate& twin = *find_metric(columns[4].metrics, "cls/NLL");
  EXPECT_EQ(twin.difference, 0);
  EXPECT_EQ(twin.difference_interval.high, 0);
  EXPECT_EQ(columns[10].network, "together (2)");
  EXPECT_NEAR(value(10, "cls/NLL"), result.together->metrics.at("ensemble").nll, 1e-9);
  EXPECT_NEAR(value(10, "cls/MI"), result.together->mutual_information.at("ensemble"), 1e-6);
  const fs::path file = folder_ / "b" / "evaluations" / "epoch_0001_metrics.json";
  EXPECT_EQ(read_json_file(file), to_json(result));
}

TEST_F(EvaluateJob, ImagesOfTheSameSetCannotBeToldApart) {
  request_.ood = {"synthetic-digits", "synthetic-digits"};
  request_.resamples = 0;
  const EvaluateResult result = evaluate(request_, job_);
  EXPECT_EQ(job_.wanted, 3 * 40 * (1 + 1 + 3 + 3));
  EXPECT_EQ(job_.done, job_.wanted);
  EXPECT_THAT(result.tables->groups, testing::ElementsAre("ood"));
  ASSERT_EQ(result.tables->other_sets.size(), 2U);
  EXPECT_EQ(result.tables->other_sets[1].images, 40);
  for (const MetricColumn& column : result.tables->columns) {
    ASSERT_EQ(column.detection.size(), 2U);
    EXPECT_EQ(find_metric(column.detection[1], "ood/entropy/AUROC")->value, 0.5);
    EXPECT_EQ(find_metric(column.detection[1], "ood/msp/AUROC")->value, 0.5);
    EXPECT_EQ(column.entropy, column.other_entropy[1]);
  }
}

TEST_F(EvaluateJob, WrongMetricsAreRefusedBeforeTheWork) {
  request_.metrics = {"cls", "calibration"};
  EXPECT_THAT(refused(), HasSubstr("known are all, cls, cal, sc, ood"));
  request_.metrics = {"ood"};
  EXPECT_THAT(refused(), HasSubstr("--ood names it"));
  request_.ood = {(folder_ / "nowhere").string()};
  EXPECT_THAT(refusal(ErrorKind::io, [&] { evaluate(request_, job_); }), HasSubstr("nowhere"));
  EXPECT_TRUE(job_.begun.empty());
}

TEST_F(EvaluateJob, WrongRequestsAreRefused) {
  request_.form = "compakt";
  EXPECT_THAT(refused(), HasSubstr("compact"));
  request_.form = "auto";
  request_.split = "validation";
  EXPECT_THAT(refused(), HasSubstr("no validation images"));
  request_.paths = {};
  refused();
}

TEST_F(EvaluateJob, RequestsAreJson) {
  request_.together = true;
  expect_round_trip(request_);
  EXPECT_THROW(assign_fields(request_, Json{{"samples", 0}}), Error);
  EXPECT_THROW(assign_fields(request_, Json{{"split", "tset"}}), Error);
}

}  // namespace
}  // namespace varphase::test
