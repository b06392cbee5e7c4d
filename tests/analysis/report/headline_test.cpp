// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/headline.hpp"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/report/criteria_text.hpp"
#include "analysis/report/figure_data.hpp"
#include "tests/analysis/report/synthetic_run.hpp"

namespace varphase {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Page {
  ReportInputs inputs;
  Json data;

  explicit Page(const char* folder) {
    const std::filesystem::path run = test_folder(folder);
    write_synthetic_run(run);
    inputs = collect_report(run);
    data = figure_data(inputs);
  }
};

TEST(Headline, SaysFromWhenOnTheMeansOnlyGuess) {
  Page page("headline_chance");
  Json& accuracies = page.data["metrics"]["accuracy"]["deterministic"];
  const Json& epochs = page.data["metrics"]["epoch"];
  const std::size_t last = accuracies.size() - 1;
  for (Json& accuracy : accuracies) accuracy = 0.5;
  EXPECT_THAT(tiles_html(page.inputs, page.data), Not(HasSubstr("only guesses")));
  accuracies[last - 4] = 0.1;  // not for good
  accuracies[last - 2] = 0.119;
  accuracies[last - 1] = nullptr;
  accuracies[last] = 0.08;
  EXPECT_THAT(tiles_html(page.inputs, page.data),
              HasSubstr("From epoch " + epochs[last - 2].dump() + " on the network at its means"));
  accuracies[last] = 0.13;
  EXPECT_THAT(tiles_html(page.inputs, page.data), Not(HasSubstr("only guesses")));
}

TEST(Headline, SaysWhereAChoiceDoesNotHoldOnTestImages) {
  Page page("headline_rule");
  Json& chosen = page.data["sweeps"][page.data["leading_sweep"].get<std::size_t>()]["chosen"];
  EXPECT_THAT(tiles_html(page.inputs, page.data), Not(HasSubstr("that were allowed")));
  chosen["rule"] = "drop<=0.05";  // the synthetic run loses 0.09 points on test images
  EXPECT_THAT(tiles_html(page.inputs, page.data),
              HasSubstr("test images, more than the 0.05 points that were allowed"));
}

TEST(Headline, SaysWhatTheScheduleOfTheKlTermDid) {
  Page page("headline_kl");
  Json& weights = page.data["metrics"]["kl_weight"];
  weights = Json::array();
  for (std::size_t i = 0; i < page.data["metrics"]["epoch"].size(); ++i) weights.push_back(1.0);
  EXPECT_THAT(schedule_text(page.data), testing::IsEmpty());
  for (std::size_t i = 0; i < 6; ++i) weights[i] = i < 4 ? 0.0 : 0.5;
  const Json& epochs = page.data["metrics"]["epoch"];
  EXPECT_THAT(schedule_text(page.data),
              HasSubstr("left the KL term out up to epoch " + epochs[3].dump() +
                        " and let it in until epoch " + epochs[6].dump()));
}

TEST(Headline, WhatCouldNotBeLookedForIsUnknown) {
  Page page("headline_unknown");
  for (TransitionRow& row : page.inputs.transition->rows)
    row.accuracy_ensemble = std::numeric_limits<double>::quiet_NaN();
  page.inputs.transition->drop.reset();
  page.inputs.transition->gap.reset();
  const std::string html = finding_html(page.inputs);
  EXPECT_THAT(html, HasSubstr("Drop and gap are unknown"));
  EXPECT_THAT(html, Not(HasSubstr("No drop so far")));
}

Json criteria_sweep(double kappa, double random) {
  const auto row = [](const char* criterion, double sparsity, double difference) {
    return Json{{"criterion", criterion},         {"replace", "zero"},
                {"repair", "batch-norm"},         {"sparsity", sparsity},
                {"difference", difference / 100}, {"difference_se", 0.003}};
  };
  const Json sweep{{"criterion", "several"},
                   {"layer", "dense1"},
                   {"split", "test"},
                   {"file", "sweeps/criteria/a.json"},
                   {"rows",
                    {row("kappa", 0.5, 0), row("kappa", 0.94, kappa), row("random", 0.94, random),
                     row("kappa", 0.999, -9), row("random", 0.999, -40)}}};
  return {{"leading_sweep", nullptr}, {"sweeps", {sweep}}};
}

TEST(Headline, ComparesCriteriaWithRandomWeights) {
  const std::string alike = criteria_html(criteria_sweep(-0.5, -0.4));
  EXPECT_THAT(alike, HasSubstr("At 94.00 % of dense1 set to zero, batch-norm repaired, on test "
                               "images: kappa −0.50 points ± 0.30, random −0.40 points ± 0.30."));
  EXPECT_THAT(alike, HasSubstr("weights taken at random can go as well"));
  // Two standard errors of the difference are 0.85 points.
  EXPECT_THAT(criteria_html(criteria_sweep(-0.5, -1.3)), HasSubstr("can go as well"));
  EXPECT_THAT(criteria_html(criteria_sweep(-0.5, -1.4)), HasSubstr("random cost more"));
  EXPECT_EQ(criteria_html({{"leading_sweep", nullptr}, {"sweeps", Json::array()}}), "");
}

}  // namespace
}  // namespace varphase
