// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/metric_columns.hpp"

#include <cmath>

#include "analysis/predict/metrics.hpp"
#include "analysis/predict/out_of_distribution.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

const Json& theirs() {
  static const Json json = read_json_file(std::string(VARPHASE_SOURCE_DIR) +
                                          "/tests/analysis/predict/metrics_golden.json");
  return json;
}

/// The mean prediction of a golden case's members and, where there are several, their mean entropy.
struct Given {
  at::Tensor log_p, member_entropy;
};

Given given(const Json& members, double grid) {
  const at::Tensor p = golden_tensor(members) / grid;  // [K, N, C]
  Given result{p.mean(0).log(), {}};
  if (p.size(0) > 1) result.member_entropy = -at::xlogy(p, p).sum(2).mean(0);
  return result;
}

/// What is equal but for its last digits, equal, as the script that made the golden numbers has it.
template <class Scores>
Scores rounded(Scores scores) {
  for (auto* list : {&scores.confidence, &scores.entropy, &scores.mutual_information})
    for (double& value : *list) value = std::round(value * 1e12) / 1e12;
  return scores;
}

Counts counts_of(const Json& json) { return json.get<Counts>(); }

/// The images as often as a resample has them, one after the other.
template <class T>
std::vector<T> repeated(const std::vector<T>& values, const Counts& counts) {
  std::vector<T> result;
  for (std::size_t n = 0; n < values.size(); ++n) result.insert(result.end(), counts[n], values[n]);
  return result;
}

Uncertainty repeated(const Uncertainty& scores, const Counts& counts) {
  return {repeated(scores.confidence, counts), repeated(scores.entropy, counts),
          repeated(scores.mutual_information, counts)};
}

ImageScores repeated(const ImageScores& scores, const Counts& counts) {
  ImageScores result;
  static_cast<Uncertainty&>(result) = repeated(static_cast<const Uncertainty&>(scores), counts);
  result.right = repeated(scores.right, counts);
  result.nll = repeated(scores.nll, counts);
  result.brier = repeated(scores.brier, counts);
  return result;
}

ScoredPrediction prediction_of(const Json& one) {
  const double grid = one["grid"].get<double>();
  const Given own = given(one["probabilities"], grid), other = given(one["other"], grid);
  return {"net",
          own.member_entropy.defined() ? "ensemble" : "deterministic",
          own.log_p.size(1),
          "images",
          rounded(image_scores(own.log_p, own.member_entropy,
                               golden_tensor(one["labels"]).to(at::kLong))),
          {rounded(uncertainty(other.log_p, other.member_entropy))}};
}

void expect_equal(const MetricColumn& column, const Json& wanted, const std::string& name) {
  std::vector<MetricEstimate> got = column.metrics;
  got.insert(got.end(), column.detection[0].begin(), column.detection[0].end());
  EXPECT_EQ(got.size(), wanted.size()) << name;
  for (const MetricEstimate& metric : got) {
    ASSERT_TRUE(wanted.contains(metric.name)) << name << " " << metric.name;
    const Json& value = wanted[metric.name];
    if (value.is_null()) {
      EXPECT_TRUE(std::isnan(metric.value)) << name << " " << metric.name;
    } else {
      EXPECT_NEAR(metric.value, value.get<double>(), 1e-6) << name << " " << metric.name;
    }
  }
}

TEST(MetricColumns, AreThoseOfTorchmetricsAndTorchUncertainty) {
  ASSERT_EQ(theirs()["cases"].size(), 20U);
  for (const Json& one : theirs()["cases"]) {
    const auto columns = metric_columns({prediction_of(one)}, {.resamples = 0});
    expect_equal(columns.at(0), one["metrics"], one["name"].get<std::string>());
  }
}

TEST(MetricColumns, OfAResampleAreThoseOfItsImages) {
  for (const Json& one : theirs()["cases"]) {
    ScoredPrediction prediction = prediction_of(one);
    const Counts own = counts_of(one["often"]), other = counts_of(one["often_other"]);
    // By counts, as the bootstrap does it, and by images that are really there again.
    const SelectiveScores counted =
        SelectivePrediction(prediction.scores.confidence, prediction.scores.right).scores(own);
    const Calibration calibration(prediction.scores.confidence, prediction.scores.right);
    const DetectionScores found =
        Detection(prediction.scores.entropy, prediction.others[0].entropy).scores(own, other);
    const Json& wanted = one["resampled"];
    const auto near = [&](const char* name, double value) {
      if (wanted[name].is_null()) {
        EXPECT_TRUE(std::isnan(value)) << one["name"] << " " << name;
      } else {
        EXPECT_NEAR(value, wanted[name].get<double>(), 1e-6) << one["name"] << " " << name;
      }
    };
    near("sc/AURC", counted.aurc);
    near("sc/AUGRC", counted.augrc);
    near("sc/Acc_80Cov", counted.accuracy_80);
    near("sc/Acc_90Cov", counted.accuracy_90);
    near("cal/ECE", expected_calibration_error(calibration.equal_width(own)));
    near("cal/MCE", maximum_calibration_error(calibration.equal_width(own)));
    near("cal/aECE", expected_calibration_error(calibration.equal_mass(own)));
    near("ood/entropy/AUROC", found.auroc);
    near("ood/entropy/AUPR", found.aupr);
    near("ood/entropy/FPR95", found.fpr95);
    prediction.scores = repeated(prediction.scores, own);
    prediction.others[0] = repeated(prediction.others[0], other);
    expect_equal(metric_columns({prediction}, {.resamples = 0}).at(0), wanted,
                 one["name"].get<std::string>());
  }
}

TEST(MetricColumns, SayWhatMetricsSay) {
  const Json& one = theirs()["cases"][0];
  const Given own = given(one["probabilities"], one["grid"].get<double>());
  const at::Tensor labels = golden_tensor(one["labels"]).to(at::kLong);
  const Metrics known = metrics(own.log_p, labels);
  const auto columns = metric_columns({prediction_of(one)}, {.resamples = 0});
  const auto value = [&](const char* name) { return find_metric(columns[0].metrics, name)->value; };
  EXPECT_NEAR(value("cls/Acc"), known.accuracy, tolerance::kDoubleOperation);
  EXPECT_NEAR(value("cls/NLL"), known.nll, tolerance::kDoubleSum);
  EXPECT_NEAR(value("cls/Brier"), known.brier, tolerance::kDoubleSum);
  EXPECT_NEAR(value("cal/ECE"), known.ece, tolerance::kDoubleSum);
  EXPECT_EQ(find_metric(columns[0].metrics, "cls/MI"), nullptr);
}

/// Labels right with a given probability, confidences at random.
ScoredPrediction drawn(std::int64_t images, double accuracy, const at::Tensor& luck) {
  const at::Tensor p = at::full({images, 2}, 0.25, at::kDouble);
  p.select(1, 0).fill_(0.75);
  const at::Tensor labels = luck.gt(accuracy).to(at::kLong);
  return {"net", "ensemble", 2, "images", image_scores(p.log(), {}, labels), {}};
}

TEST(MetricColumns, HaveIntervalsOfTheirStandardErrors) {
  at::manual_seed(3);
  const at::Tensor luck = at::rand({4000}, at::kDouble), other = at::rand({4000}, at::kDouble);
  const auto columns =
      metric_columns({drawn(4000, 0.8, luck), drawn(4000, 0.85, luck), drawn(4000, 0.8, other)},
                     {.resamples = 2000});
  for (const MetricColumn& column : columns) {
    const MetricEstimate& accuracy = *find_metric(column.metrics, "cls/Acc");
    const double error = 1.96 * std::sqrt(accuracy.value * (1 - accuracy.value) / 4000);
    EXPECT_NEAR(accuracy.interval.low, accuracy.value - error, 0.1 * error);
    EXPECT_NEAR(accuracy.interval.high, accuracy.value + error, 0.1 * error);
  }
  // The second network errs on a part of the images that the first errs on: the paired interval is that of the
  // images that they differ in, and much narrower than between networks that err apart.
  const MetricEstimate& paired = *find_metric(columns[1].metrics, "cls/Acc");
  const double differ = *paired.difference, error = 1.96 * std::sqrt(differ * (1 - differ) / 4000);
  EXPECT_NEAR(paired.difference_interval.low, differ - error, 0.1 * error);
  EXPECT_NEAR(paired.difference_interval.high, differ + error, 0.1 * error);
  const Interval apart = find_metric(columns[2].metrics, "cls/Acc")->difference_interval;
  EXPECT_GT(apart.high - apart.low, 1.8 * 2 * error);
  EXPECT_FALSE(find_metric(columns[0].metrics, "cls/Acc")->difference.has_value());
}

TEST(MetricColumns, OfOtherImagesAreNotCompared) {
  at::manual_seed(4);
  const at::Tensor luck = at::rand({50}, at::kDouble);
  ScoredPrediction elsewhere = drawn(50, 0.5, luck);
  elsewhere.images = "others";
  const auto columns = metric_columns({drawn(50, 0.5, luck), elsewhere}, {.resamples = 10});
  EXPECT_FALSE(find_metric(columns[1].metrics, "cls/Acc")->difference.has_value());
}

TEST(MetricColumns, HoldFiguresThatCountEveryImage) {
  const ScoredPrediction prediction = prediction_of(theirs()["cases"][4]);
  const MetricColumn column = metric_columns({prediction}, {.resamples = 0}).at(0);
  std::int64_t width = 0, mass = 0, entropies = 0;
  for (const CalibrationBin& bin : column.equal_width) width += bin.images;
  for (const CalibrationBin& bin : column.equal_mass) mass += bin.images;
  for (const std::int64_t count : column.entropy) entropies += count;
  EXPECT_EQ(width, prediction.scores.images());
  EXPECT_EQ(mass, prediction.scores.images());
  EXPECT_EQ(entropies, prediction.scores.images());
  EXPECT_EQ(column.risk_coverage.back().coverage, 1);
  EXPECT_NEAR(column.risk_coverage.back().risk, 1 - find_metric(column.metrics, "cls/Acc")->value,
              tolerance::kDoubleOperation);
}

}  // namespace
}  // namespace varphase
