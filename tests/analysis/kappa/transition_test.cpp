// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/kappa/transition.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

TEST(ParseThreshold, TakesThreeForms) {
  EXPECT_EQ(parse_threshold("10^1.5"), kDefaultKappa0);
  EXPECT_EQ(parse_threshold("log:1.5"), kDefaultKappa0);
  EXPECT_EQ(parse_threshold("31.6"), 31.6);
  EXPECT_EQ(parse_threshold("10^-2"), 0.01);
  EXPECT_EQ(parse_threshold("log:+2"), 100.0);
  EXPECT_EQ(parse_threshold("1e3"), 1000.0);
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
  EXPECT_EQ(drop_of({10, 99, 90, 99.5, 80, 99.2, 98.9, 30}), 6);
  EXPECT_EQ(drop_of({10, 50, 99}), std::nullopt);
  EXPECT_EQ(drop_of({99, 98.4}), 1);
  EXPECT_EQ(drop_of({99, 95, 80}, 10), 2);
  EXPECT_EQ(drop_of({99, std::nan(""), 90, std::nan("")}), 2);
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
  EXPECT_THAT(to_csv(transition), HasSubstr("\n1,nan,nan,0.99,-4\n"));
  EXPECT_THAT(find_transition({}, metrics({10, 99}), {}).summary(),
              Not(HasSubstr("no deterministic accuracy")));
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
  CsvTable table = metrics({10, 99, 60});
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
  EXPECT_EQ(json["drop"], 2);
  EXPECT_EQ(json["lag"], -1);
}

TEST(Transition, RefusesJsonOfAnotherKind) {
  EXPECT_THROW(transition_from_json(Json::array(), "t.json"), Error);
  Json json = to_json(find_transition(maps({0, 3}), {}, {}));
  json["rows"][0].erase("epoch");
  EXPECT_THROW(transition_from_json(json, "t.json"), Error);
}

TEST(Transition, CsvIsReadByTheReaderOfTables) {
  const Transition transition = find_transition(maps({0, 3}), metrics({10, 99, 60}), {});
  const CsvTable table = parse_csv(to_csv(transition), "t.csv");
  EXPECT_THAT(table.columns,
              ElementsAre("epoch", "over/dense1", "over/dense2", "over_total",
                          "accuracy_deterministic", "accuracy_ensemble", "log_alpha/dense1"));
  EXPECT_EQ(table.values("over_total")[1], 3);
  EXPECT_TRUE(std::isnan(table.values("over_total")[2]));
  EXPECT_EQ(table.values("accuracy_deterministic")[2], 0.6);
}

}  // namespace
}  // namespace varphase
