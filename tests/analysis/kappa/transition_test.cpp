// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/kappa/transition_comparison.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// metrics.csv of a run with these deterministic accuracies in percent, one an epoch from 0 on.
CsvTable metrics(const std::vector<double>& percent) {
  CsvTable table;
  table.columns = {"epoch", "log_alpha/dense1", "test_accuracy_deterministic",
                   "test_accuracy_ensemble"};
  for (std::size_t e = 0; e < percent.size(); ++e) {
    const auto epoch = static_cast<double>(e);
    table.rows.push_back({epoch, epoch - 5, percent[e] / 100, 0.99});
  }
  return table;
}

/// Maps with these counts, one an epoch from 0 on.
std::vector<KappaSummary> maps(const std::vector<std::int64_t>& over) {
  std::vector<KappaSummary> list;
  for (std::size_t e = 0; e < over.size(); ++e) {
    list.push_back({{static_cast<std::int64_t>(e), {over[e], 0}},
                    {"dense1", "dense2"},
                    {1000, 200},
                    "softplus:1"});
  }
  return list;
}

std::optional<std::int64_t> drop_of(const std::vector<double>& percent, double points = 0.5) {
  TransitionRules rules;
  rules.drop_points = points;
  return find_transition({}, metrics(percent), rules).drop;
}

/// The same with these ensemble accuracies beside them.
CsvTable metrics(const std::vector<double>& deterministic, const std::vector<double>& ensemble) {
  CsvTable table = metrics(deterministic);
  for (std::size_t e = 0; e < ensemble.size(); ++e) table.rows[e][3] = ensemble[e] / 100;
  return table;
}

/// Of accuracies in percent, one an epoch from 0 on.
Transition with_gap(const std::vector<double>& deterministic, const std::vector<double>& ensemble,
                    double points = 5) {
  TransitionRules rules;
  rules.gap_points = points;
  return find_transition({}, metrics(deterministic, ensemble), rules);
}

TEST(ParseThreshold, TakesThreeForms) {
  EXPECT_EQ(parse_threshold("10^1.5"), kDefaultKappa0);
  EXPECT_EQ(parse_threshold("log:1.5"), kDefaultKappa0);
  EXPECT_EQ(parse_threshold("31.6"), 31.6);
  EXPECT_EQ(parse_threshold("10^-2"), 0.01);
  EXPECT_EQ(parse_threshold("log:+2"), 100.0);
  EXPECT_EQ(parse_threshold("1e3"), 1000.0);
}

TEST(ParseThreshold, LogarithmIsTheExponentAsWritten) {
  EXPECT_EQ(parse_log10_threshold("10^0.7"), 0.7);
  EXPECT_EQ(parse_log10_threshold("log:-2.3"), -2.3);
  EXPECT_EQ(parse_log10_threshold("1000"), 3.0);
}

TEST(ParseThreshold, RefusesTheRestAndSaysHowToWriteIt) {
  for (const char* text : {"", "10^", "log:", "ten", "10^1.5x", "1,5", "0", "-3", "nan", "inf",
                           "10^999", "10^-999", "log:nan", "10**2", " 3"}) {
    try {
      parse_threshold(text);
      ADD_FAILURE() << "'" << text << "' was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_THAT(error.what(), HasSubstr(std::string("threshold '") + text + "'"));
      EXPECT_THAT(error.what(), HasSubstr("10^1.5, log:1.5"));
    }
  }
}

TEST(Transition, SaysWhichLayerGoesFirst) {
  std::vector<KappaSummary> list = maps({0, 0, 5, 20});
  list[1].count.over[1] = 3;
  TransitionRules rules;
  rules.onset_count = 2;
  const Transition found = find_transition(list, metrics({99, 99, 99, 98}), rules);
  EXPECT_EQ(found.onset, 1);
  EXPECT_EQ(found.onset_of(0), 2);
  EXPECT_EQ(found.onset_of(1), 1);
  EXPECT_THAT(found.summary(), HasSubstr("by layer: dense1 at epoch 2, dense2 at epoch 1"));
  EXPECT_EQ(to_json(found)["onset_by_layer"]["dense2"], 1);
  rules.onset_share = 0.019;
  EXPECT_EQ(find_transition(list, metrics({99, 99, 99, 98}), rules).onset_of(1), std::nullopt);
}

TEST(Transition, FindsTheOnsetByCountAndShare) {
  const auto onset = [](std::int64_t count, double share) {
    TransitionRules rules;
    rules.onset_count = count;
    rules.onset_share = share;
    return find_transition(maps({0, 0, 6, 248, 1100}), {}, rules).onset;
  };
  EXPECT_EQ(onset(0, 0), 2);
  EXPECT_EQ(onset(6, 0), 3);
  EXPECT_EQ(onset(0, 0.005), 3);    // 6 is not more than 0.5 % of 1,200
  EXPECT_EQ(onset(300, 0.005), 4);  // both must hold
  EXPECT_EQ(onset(1100, 0), std::nullopt);
}

TEST(Transition, FindsTheDropThatDoesNotReturn) {
  EXPECT_EQ(drop_of({10, 98, 99, 98.6, 98.4, 60, 10}), 4);
  EXPECT_EQ(drop_of({10, 98, 99, 98.5, 98.4, 10}), 3);             // exactly half a point counts
  EXPECT_EQ(drop_of({10, 99, 98, 99.1, 99, 98.9}), std::nullopt);  // it returned
  EXPECT_EQ(drop_of({10, 99, 98, 98.6, 97, 50}), 4);  // returned within half a point, then left
  EXPECT_EQ(drop_of({10, 99, 90, 99.5, 80, 99.2, 98.9, 30}), 7);
  EXPECT_EQ(drop_of({10, 50, 99}), std::nullopt);
  EXPECT_EQ(drop_of({99, 98.4}), 1);
  EXPECT_EQ(drop_of({99, 95, 80}, 10), 2);
  EXPECT_EQ(drop_of({99, std::nan(""), 90, std::nan("")}), 2);
}

TEST(Transition, TheDropIsFromTheEnsembleOfItsEpochAndNoChance) {
  const auto drop = [](const std::vector<double>& deterministic,
                       const std::vector<double>& ensemble, double error = std::nan("")) {
    CsvTable table = metrics(deterministic, ensemble);
    table.columns.emplace_back("test_gap_se");
    for (std::vector<double>& row : table.rows) row.push_back(error / 100);
    return find_transition({}, table, {}).drop;
  };
  EXPECT_EQ(drop({10, 90, 92, 88, 87}, {10, 90, 92, 88.2, 87.1}), std::nullopt);  // both fall
  EXPECT_EQ(drop({10, 90, 92, 88, 60}, {10, 90, 92, 88.2, 87}), 4);
  EXPECT_EQ(drop({10, 90, 91}, {10, 90, 90}), std::nullopt);  // over it
  EXPECT_EQ(drop({10, 90}, {80, 90}), std::nullopt);          // epoch 0 says nothing
  EXPECT_EQ(drop({10, 90, 89}, {10, 90, 90}), 2);
  EXPECT_EQ(drop({10, 90, 89}, {10, 90, 90}, 0.51), std::nullopt);
  EXPECT_EQ(drop({10, 90, 89}, {10, 90, 90}, 0.5), 2);  // exactly two standard errors count
  EXPECT_EQ(drop({10, 90, 89, 80}, {10, 90, 90, 90}, 0.6), 3);
  EXPECT_EQ(drop({10, 90, 89.6}, {10, 90, 90}, 0), std::nullopt);
}

TEST(Transition, AlphaPassesOneWhereItWasUnder) {
  const std::vector<double> eight(8, 90);
  Transition found = find_transition({}, metrics(eight), {});  // log alpha -5, -4, ... 2
  EXPECT_EQ(found.alpha_passes_one(0), 6);
  EXPECT_EQ(to_json(found)["alpha_passes_one"]["dense1"], 6);
  EXPECT_THAT(found.summary(), HasSubstr("alpha of dense1 passes 1 at epoch 6\n"));
  found.rows[7].log_alpha[0] = -1;
  EXPECT_EQ(found.alpha_passes_one(0), std::nullopt);
  for (std::size_t at = 0; at < 8; ++at) found.rows[at].log_alpha[0] = 3;
  EXPECT_EQ(found.alpha_passes_one(0), std::nullopt);  // it never was under
  found.rows[1].log_alpha[0] = -2;
  found.rows[2].log_alpha[0] = std::nan("");
  EXPECT_EQ(found.alpha_passes_one(0), 3);
}

TEST(Transition, JoinsByEpochAndStatesTheLag) {
  std::vector<KappaSummary> some = maps({0, 0, 6, 248});
  some.erase(some.begin() + 1);
  const Transition transition = find_transition(some, metrics({10, 99, 99, 99, 60}), {});
  ASSERT_EQ(transition.rows.size(), 5U);
  EXPECT_TRUE(transition.rows[1].over.empty());
  EXPECT_EQ(transition.rows[1].over_total(), std::nullopt);
  EXPECT_THAT(transition.rows[2].over, ElementsAre(6, 0));
  EXPECT_EQ(transition.rows[2].over_total(), 6);
  EXPECT_THAT(transition.rows[2].log_alpha, ElementsAre(-3));
  EXPECT_EQ(transition.onset, 2);
  EXPECT_EQ(transition.drop, 4);
  EXPECT_EQ(transition.lag(), -2);
  EXPECT_EQ(transition.smooth, "softplus:1");
  EXPECT_EQ(transition.onset_rule(),
            "first epoch with more than 0 of 1,200 weights over kappa_0 = 10^1.5");
  EXPECT_THAT(transition.summary(), HasSubstr("onset at epoch 2"));
  EXPECT_THAT(transition.summary(), HasSubstr("lag: the onset comes 2 epochs before the drop"));
  EXPECT_THAT(transition.summary(), HasSubstr("2 of 5 epochs have no kappa map"));
}

TEST(Transition, EpochsThatWereNotEvaluatedAreNoDrop) {
  const double none = std::nan("");
  const std::vector<double> percent{10, none, 99, none, none, 98, none, 97};
  EXPECT_EQ(drop_of(percent), 5);
  EXPECT_EQ(drop_of({10, none, 99, none, 98, 99, none}), std::nullopt);
  const Transition transition = find_transition({}, metrics(percent), {});
  EXPECT_THAT(transition.summary(), HasSubstr("4 of 8 epochs have no deterministic accuracy"));
  EXPECT_TRUE(to_json(transition)["rows"][1]["accuracy_deterministic"].is_null());
  EXPECT_THAT(to_csv(transition), HasSubstr("\n1,nan,nan,0.99,nan,-4\n"));
  EXPECT_THAT(find_transition({}, metrics({10, 99}), {}).summary(),
              Not(HasSubstr("no deterministic accuracy")));
}

TEST(Transition, FindsTheGapThatStaysOpen) {
  const Transition found = with_gap({10, 90, 91, 85, 60, 10}, {11, 90, 92, 92, 92, 92});
  EXPECT_EQ(found.gap, 3);
  EXPECT_EQ(found.low_variance_phase(), true);
  EXPECT_EQ(
      found.gap_rule(),
      "first evaluated epoch from which on the ensemble's test accuracy is more than 5 points "
      "over the deterministic one");
  EXPECT_THAT(found.summary(), HasSubstr("gap at epoch 3 (" + found.gap_rule() + ")"));
  // Open for a moment, then for good.
  EXPECT_EQ(with_gap({10, 90, 80, 90, 70, 60}, {11, 92, 92, 92, 92, 92}).gap, 4);
  EXPECT_EQ(with_gap({10, 90, 80, 90}, {11, 92, 92, 92}).gap, std::nullopt);
  EXPECT_EQ(with_gap({10, 90, 85, 84.9}, {10, 90, 90, 90}).gap, 3);  // exactly 5 are not more
  EXPECT_EQ(with_gap({10, 90, 85, 84.9}, {10, 90, 90, 90}, 4.9).gap, 2);
  EXPECT_EQ(with_gap({10, 90, 90}, {10, 90, 97}).gap, 2);  // in the last epoch
}

TEST(Transition, SaysWhereThereIsNoGapYet) {
  const Transition transition = with_gap({10, 90, 91}, {11, 91, 93}, 2.5);
  EXPECT_EQ(transition.gap, std::nullopt);
  EXPECT_EQ(transition.low_variance_phase(), true);
  EXPECT_THAT(transition.summary(),
              HasSubstr("\nno gap yet: the ensemble is never more than 2.5 points over the "
                        "deterministic network for good"));
  EXPECT_TRUE(to_json(transition)["gap"].is_null());
  EXPECT_EQ(to_json(transition)["low_variance_phase"], true);
}

TEST(Transition, AGapFromTheFirstEpochOfTrainingLeavesNoPhaseBeforeIt) {
  // Epoch 0, where both are at chance, says nothing of it.
  Transition transition = find_transition(maps({0, 0, 6}), metrics({10, 12, 11}, {10, 80, 90}), {});
  EXPECT_EQ(transition.gap, 1);
  EXPECT_EQ(transition.low_variance_phase(), false);
  EXPECT_EQ(transition.onset, 2);
  EXPECT_EQ(transition.gap_lag(), std::nullopt);  // it may have opened at any time before
  EXPECT_THAT(transition.summary(),
              HasSubstr("\ngap at epoch 1, the first evaluated in training: no low-variance phase "
                        "seen (first evaluated epoch"));
  EXPECT_EQ(to_json(transition)["low_variance_phase"], false);
  EXPECT_TRUE(to_json(transition)["gap_lag"].is_null());
  EXPECT_EQ(with_gap({10, 12}, {10, 80}).low_variance_phase(), false);  // a run of one epoch
  EXPECT_EQ(with_gap({10, 79}, {10, 80}).low_variance_phase(), true);
  // Over at first, but not for good.
  transition = with_gap({10, 12, 88, 12}, {10, 80, 90, 90});
  EXPECT_EQ(transition.gap, 3);
  EXPECT_EQ(transition.low_variance_phase(), true);
}

TEST(Transition, EpochsWithoutBothAccuraciesSayNothingOfTheGap) {
  const double none = std::nan("");
  Transition transition = with_gap({10, none, 90, none, none, 60, none, 50, none},
                                   {10, none, 91, none, 95, 91, none, 91, none});
  EXPECT_EQ(transition.gap, 5);
  EXPECT_EQ(transition.low_variance_phase(), true);
  EXPECT_THAT(transition.summary(), HasSubstr("5 of 9 epochs have no deterministic accuracy: drop "
                                              "and gap may lie in one of them"));
  EXPECT_THAT(transition.summary(), Not(HasSubstr("deterministic accuracy alone")));
  // The first evaluated one is open already.
  transition = with_gap({10, none, 40, 30}, {10, none, 90, 90});
  EXPECT_EQ(transition.gap, 2);
  EXPECT_EQ(transition.low_variance_phase(), false);
  transition = with_gap({10, 90, 60}, {10, none, 90});
  EXPECT_EQ(transition.low_variance_phase(), false);
  EXPECT_THAT(transition.summary(), HasSubstr("1 of 3 epochs have a deterministic accuracy alone"));
  // None at all: only epoch 0, or no ensemble.
  for (const Transition& unknown :
       {with_gap({10}, {50}), with_gap({10, 90, 40}, {10, none, none}),
        with_gap({10, none}, {10, none}), find_transition(maps({0, 6}), {}, {})}) {
    EXPECT_EQ(unknown.gap, std::nullopt);
    EXPECT_EQ(unknown.low_variance_phase(), std::nullopt);
    EXPECT_TRUE(to_json(unknown)["low_variance_phase"].is_null());
    EXPECT_THAT(unknown.summary(),
                HasSubstr("\ndrop and gap unknown: no epoch of training has both accuracies"));
    EXPECT_THAT(unknown.summary(), Not(HasSubstr("deterministic accuracy alone")));
  }
}

TEST(Transition, TheGapIsWhatItsDefinitionSays) {
  std::mt19937 words(1);
  int found = 0;
  for (int trial = 0; trial < 300; ++trial) {
    std::vector<double> deterministic, ensemble;
    for (int epoch = 0; epoch < 8; ++epoch) {
      // Half points from 0 to 10: the gap is often exactly 5.
      const bool evaluated = words() % 4 > 0;
      deterministic.push_back(evaluated ? 80 - 0.5 * (words() % 21) : std::nan(""));
      ensemble.push_back(evaluated ? 80 : std::nan(""));
    }
    std::optional<std::int64_t> wanted;
    for (std::size_t from = 1; from < 8 && !wanted; ++from) {
      bool stays = !std::isnan(deterministic[from]);
      for (std::size_t epoch = from; epoch < 8; ++epoch)
        stays = stays && !(ensemble[epoch] - deterministic[epoch] <= 5);
      if (stays) wanted = static_cast<std::int64_t>(from);
    }
    found += wanted ? 1 : 0;
    EXPECT_EQ(with_gap(deterministic, ensemble).gap, wanted) << trial;
  }
  EXPECT_GT(found, 50);
  EXPECT_LT(found, 250);
}

TEST(Transition, StatesTheLagToTheGap) {
  const auto summary = [](const std::vector<std::int64_t>& over) {
    const Transition transition =
        find_transition(maps(over), metrics({10, 90, 89.9, 60, 50}, {10, 90, 90, 90, 90}), {});
    EXPECT_EQ(transition.gap, 3);
    EXPECT_EQ(transition.gap_lag(), *transition.onset - 3);
    return transition.summary();
  };
  EXPECT_THAT(summary({0, 0, 7, 9, 9}), HasSubstr("\nlag: the onset comes 1 epoch before the gap"));
  EXPECT_THAT(summary({0, 0, 0, 9, 9}),
              HasSubstr("\nlag: none, onset and gap are in the same epoch"));
  EXPECT_THAT(summary({0, 0, 0, 0, 9}), HasSubstr("\nlag: the onset comes 1 epoch after the gap"));
  EXPECT_THAT(summary({4, 0, 0, 0, 9}),
              HasSubstr("\nlag: the onset comes 3 epochs before the gap"));
}

TEST(Transition, RefusesAGapOutOfRange) {
  for (const double points : {0.0, -1.0, 100.0, 1e9, std::nan("")}) {
    try {
      with_gap({10, 90}, {10, 90}, points);
      ADD_FAILURE() << points << " was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_THAT(error.what(), HasSubstr("gap: wants more than 0 and less than 100 points"));
    }
  }
}

TEST(Transition, ALaterRowOfAnEpochReplacesTheEarlierOne) {
  CsvTable table = metrics({10, 99, 98});
  table.rows.push_back({1, -4, 0.97, 0.99});
  const Transition transition = find_transition({}, table, {});
  ASSERT_EQ(transition.rows.size(), 3U);
  EXPECT_EQ(transition.rows[1].accuracy_deterministic, 0.97);
  EXPECT_EQ(transition.lag(), std::nullopt);
}

TEST(Transition, RefusesMapsThatDoNotBelongTogether) {
  std::vector<KappaSummary> other_layers = maps({0, 1});
  other_layers[1].weights = {1000, 300};
  EXPECT_THROW(find_transition(other_layers, {}, {}), Error);
  std::vector<KappaSummary> other_smoothing = maps({0, 1});
  other_smoothing[1].smooth = "none";
  try {
    find_transition(other_smoothing, {}, {});
    FAIL() << "two smoothings were joined";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("epoch 1 was computed with --smooth none, that of epoch 0 with"));
  }
  EXPECT_THROW(find_transition({}, {}, {}), Error);
  EXPECT_THROW(find_transition({}, metrics({1}), {}, "validation"), Error);
  TransitionRules rules;
  rules.drop_points = 0;
  EXPECT_THROW(find_transition({}, metrics({1}), rules), Error);
}

TEST(Transition, ComesBackFromJson) {
  std::vector<KappaSummary> some = maps({0, 3});
  CsvTable table = metrics({10, 99, 60, 50});
  table.columns[1] = "log_alpha/<b>\"x\"";
  table.rows[2][3] = std::nan("");
  const Transition transition = find_transition(some, table, {});
  const Json json = to_json(transition);
  const Json again = to_json(transition_from_json(parse_json(json.dump(), "t.json"), "t.json"));
  EXPECT_EQ(json.dump(), again.dump());
  EXPECT_EQ(json["rows"][1]["over"]["dense1"], 3);
  EXPECT_TRUE(json["rows"][2]["over"].is_null());
  EXPECT_TRUE(json["rows"][2]["accuracy_ensemble"].is_null());
  EXPECT_EQ(json["onset"], 1);
  EXPECT_TRUE(json["rows"][3]["gap_se"].is_null());
  EXPECT_EQ(json["drop"], 3);
  EXPECT_EQ(json["lag"], -2);
}

TEST(Transition, FindsTheGapAgainInAFile) {
  const Transition transition = with_gap({10, 90, 83, 60}, {10, 91, 91, 91}, 7.5);
  Json json = to_json(transition);
  EXPECT_EQ(json["gap"], 2);
  EXPECT_EQ(json["gap_rule"]["points"], 7.5);
  EXPECT_EQ(json["gap_rule"]["text"], transition.gap_rule());
  EXPECT_EQ(transition_from_json(json, "t.json").gap, 2);
  // As written before there was a gap.
  for (const char* key : {"gap", "gap_lag", "gap_rule", "low_variance_phase"}) json.erase(key);
  for (Json& row : json["rows"]) row.erase("gap_se");
  json["drop"] = 1;  // by the rule of then
  const Transition old = transition_from_json(json, "t.json");
  EXPECT_EQ(old.rules.gap_points, 5);
  EXPECT_EQ(old.gap, 2);
  EXPECT_EQ(old.drop, 1);
  EXPECT_THAT(old.summary(), HasSubstr("3 of 4 epochs have no standard error of the difference"));
  json["gap_rule"]["points"] = 200;
  EXPECT_THROW(transition_from_json(json, "t.json"), Error);
}

TEST(Transition, RefusesJsonOfAnotherKind) {
  EXPECT_THROW(transition_from_json(Json::array(), "t.json"), Error);
  Json json = to_json(find_transition(maps({0, 3}), {}, {}));
  json["rows"][0].erase("epoch");
  EXPECT_THROW(transition_from_json(json, "t.json"), Error);
  json = to_json(find_transition(maps({0, 3}), {}, {}));
  json["onset"] = 999;  // none of its rows
  EXPECT_THROW(transition_from_json(json, "t.json"), Error);
}

TEST(Transition, CsvIsReadByTheReaderOfTables) {
  const Transition transition = find_transition(maps({0, 3}), metrics({10, 99, 60}), {});
  const CsvTable table = parse_csv(to_csv(transition), "t.csv");
  EXPECT_THAT(table.columns, ElementsAre("epoch", "over/dense1", "over/dense2", "over_total",
                                         "accuracy_deterministic", "accuracy_ensemble", "gap_se",
                                         "log_alpha/dense1"));
  EXPECT_EQ(table.values("over_total")[1], 3);
  EXPECT_TRUE(std::isnan(table.values("over_total")[2]));
  EXPECT_EQ(table.values("accuracy_deterministic")[2], 0.6);
}

TEST(TransitionComparison, AverageOverThoseThatHaveTheValue) {
  const auto named = [](const char* name, const std::vector<std::int64_t>& over,
                        const std::vector<double>& percent) {
    return NamedTransition{
        name, std::string("runs/") + name,
        find_transition(maps(over), metrics(percent, {90, 91, 92, 92}), TransitionRules{})};
  };
  // Onsets 1, 3 and none.
  const std::vector<NamedTransition> runs{named("a", {0, 4, 5, 6}, {90, 91, 92, 93}),
                                          named("b", {0, 0, 0, 2}, {90, 91, 92, 80}),
                                          named("c", {0, 0, 0, 0}, {90, 91, 92, 92})};
  const std::vector<ComparedValue> table = compared_values(runs);
  const auto column = [&](const std::string& name) {
    const auto found = std::find_if(table.begin(), table.end(),
                                    [&](const ComparedValue& one) { return one.name == name; });
    EXPECT_NE(found, table.end()) << name;
    return *found;
  };
  EXPECT_THAT(column("onset").values, ElementsAre(1, 3, std::nullopt));
  EXPECT_EQ(column("onset").mean(), 2);
  EXPECT_NEAR(column("onset").deviation(), std::sqrt(2.0), 1e-12);
  EXPECT_THAT(column("onset/dense1").values, ElementsAre(1, 3, std::nullopt));
  EXPECT_EQ(column("onset/dense2").known(), 0U);
  EXPECT_TRUE(std::isnan(column("onset/dense2").mean()));
  EXPECT_THAT(column("over").values, ElementsAre(6, 2, 0));
  EXPECT_NEAR(column("over").deviation(), 3.0550504633038935, 1e-12);  // numpy.std(ddof=1)
  EXPECT_THAT(column("drop").values, ElementsAre(std::nullopt, 3, std::nullopt));
  EXPECT_TRUE(std::isnan(column("drop").deviation()));
  EXPECT_THAT(column("accuracy_deterministic").values, ElementsAre(0.93, 0.80, 0.92));
  EXPECT_THAT(column("log_alpha/dense1").values, ElementsAre(-2, -2, -2));

  const Json json = to_json(std::span<const NamedTransition>(runs));
  EXPECT_EQ(json["runs"][1]["name"], "b");
  EXPECT_EQ(json["runs"][1]["onset"], 3);
  EXPECT_EQ(json["table"][0], (Json{{"value", "onset"},
                                    {"values", {1.0, 3.0, nullptr}},
                                    {"known", 2},
                                    {"mean", 2.0},
                                    {"deviation", std::sqrt(2.0)}}));
  EXPECT_THAT(to_csv(std::span<const NamedTransition>(runs)),
              HasSubstr("\nb,runs/b,3,3,3,0,0,2,0.8,0.92,3,nan,-2\n"));
}

}  // namespace
}  // namespace varphase
