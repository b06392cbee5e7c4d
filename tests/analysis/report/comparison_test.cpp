// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/comparison.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/report/config_fields.hpp"
#include "analysis/report/live_page.hpp"
#include "checkpoints/run_layout.hpp"
#include "src/base/atomic_file.hpp"
#include "tests/analysis/report/synthetic_run.hpp"

namespace varphase {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// A run of nothing but a configuration and metrics.
ReportInputs run_of(const std::string& name, std::int64_t seed, double rate,
                    const std::vector<double>& ensemble) {
  ReportInputs run;
  run.run = "five/members/" + name;
  run.name = name;
  run.config = {{"network", {{"layers", {{{"dense", {{"out", 10}}}}, "relu"}}}},
                {"data", {{"data", "mnist"}, {"source", "/somewhere/" + name}}},
                {"train", {{"seed", seed}, {"learning_rate", rate}, {"epochs", 4}}}};
  run.metrics = CsvTable{{"epoch", "test_accuracy_ensemble", "seconds"}, {}, false};
  for (std::size_t epoch = 0; epoch < ensemble.size(); ++epoch)
    run.metrics->rows.push_back({static_cast<double>(epoch), ensemble[epoch], 2});
  return run;
}

std::vector<ComparedField> differences_of(const std::vector<ReportInputs>& runs) {
  std::vector<ComparedField> fields = compared_fields(runs);
  std::erase_if(fields, [](const ComparedField& field) { return field.is_same(); });
  return fields;
}

TEST(Comparison, RunsOfOneConfigurationAreSeeds) {
  const std::vector<ReportInputs> runs{run_of("00", 1, 0.1, {0.5, 0.8}),
                                       run_of("rate", 1, 0.2, {0.5, 0.9}),
                                       run_of("01", 2, 0.1, {0.5, 0.6})};
  EXPECT_THAT(groups_of_seeds(runs), ElementsAre(ElementsAre(0, 2), ElementsAre(1)));
  const std::vector<ComparedField> differences = differences_of(runs);
  ASSERT_EQ(differences.size(), 2U);  // where the images lay is none
  EXPECT_EQ(differences[0].name, "train.learning_rate");
  EXPECT_THAT(differences[0].values, ElementsAre("0.1", "0.2", "0.1"));
  EXPECT_EQ(differences[1].name, "train.seed");

  const Json data = comparison_data({"three", runs});
  EXPECT_EQ(data["groups"][0], (Json{{"name", "five"}, {"runs", {0, 2}}}));
  EXPECT_EQ(data["groups"][1]["name"], "rate");
  EXPECT_EQ(data["runs"][1]["group"], 1);
  const std::string page = render_comparison({"three", runs});
  EXPECT_THAT(page, HasSubstr("five, mean of 2"));
  // Of 0.8 and 0.6: statistics.stdev([80, 60]) = 14.14.
  EXPECT_THAT(page, HasSubstr("<td>70.00 <small>±\u00a014.14</small></td>"));
  EXPECT_THAT(page, HasSubstr("connect-src 'none'"));
  EXPECT_THAT(page, Not(HasSubstr("EventSource")));
}

TEST(Comparison, ALayerMoreIsADifference) {
  std::vector<ReportInputs> runs{run_of("a", 1, 0.1, {0.5}), run_of("b", 1, 0.1, {0.5})};
  EXPECT_TRUE(differences_of(runs).empty());
  runs[1].config["network"]["layers"][0]["dense"]["out"] = 20;
  runs[1].config["network"]["layers"].push_back("abs");
  const std::vector<ComparedField> differences = differences_of(runs);
  ASSERT_EQ(differences.size(), 2U);
  EXPECT_EQ(differences[0].name, "network.layers.0.dense.out");
  EXPECT_EQ(differences[1].name, "network.layers.2");
  EXPECT_THAT(differences[1].values, ElementsAre("", "abs"));
  runs[0].config = nullptr;
  EXPECT_THAT(groups_of_seeds(runs), ElementsAre(ElementsAre(0), ElementsAre(1)));
}

TEST(Comparison, SaysWhatIsEqual) {
  std::vector<ReportInputs> runs{run_of("a", 1, 0.1, {0.5}), run_of("b", 1, 0.2, {0.5})};
  for (ReportInputs& run : runs)
    run.environment = {{"device", "a <processor>"}, {"created", run.name}, {"command", run.name}};
  std::string page = render_comparison({"two", runs});
  EXPECT_THAT(page, HasSubstr("6 of 7 fields are the same in all runs"));
  EXPECT_THAT(page, HasSubstr("<span>device <b>a &lt;processor&gt;</b></span>"));
  EXPECT_THAT(page, HasSubstr("<span>layers.0.dense.out <b>10</b></span>"));
  EXPECT_THAT(page, Not(HasSubstr("<span>learning_rate")));
  EXPECT_THAT(page, Not(HasSubstr("<td>none</td>")));  // nobody looked
  runs[1].transition = Transition{};                   // of a run without maps and accuracies
  EXPECT_THAT(render_comparison({"two", runs}), Not(HasSubstr("<td>none</td>")));
  TransitionRow row;
  row.epoch = 1;
  row.over = {0};
  row.accuracy_deterministic = row.accuracy_ensemble = 0.9;
  runs[1].transition->layers = {"dense1"};
  runs[1].transition->rows = {row};
  runs[1].environment["device"] = "another";
  page = render_comparison({"two", runs});
  EXPECT_THAT(page, HasSubstr("5 of 7 fields"));
  EXPECT_THAT(page, HasSubstr("<td>none</td><td>none</td><td>none</td>"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"col\">environment.device</th>"));
  // The second run's stroke in its rows is that of the figures (page/shared.js).
  EXPECT_THAT(page, HasSubstr("class=\"key k1\" viewBox=\"0 0 26 8\" aria-hidden=\"true\"><path "
                              "d=\"M0 4H26\" stroke-dasharray=\"7 4\"/></svg>b</th>"));
}

TEST(Comparison, TellsOfMetricsThatAreCut) {
  const fs::path run = test_folder("comparison_cut");
  write_synthetic_run(run);
  std::string text = read_text_file(run / "metrics.csv");
  text.resize(text.size() - 4);
  write_text_atomically(run / "metrics.csv", text);
  write_comparison({{run, "a"}}, run / "comparison.html");
  EXPECT_THAT(read_text_file(run / "comparison.html"),
              HasSubstr((run / "metrics.csv").string() + ": its last line is cut off"));
}

TEST(LivePage, TellsHowFarARunIs) {
  RunProgress progress{"a", 12, 200, 2, 1};
  EXPECT_EQ(progress_text(progress), "epoch 12 of 200, about 6 min 15 s left");
  EXPECT_FALSE(is_pause(progress, 60));
  progress.since = 300;
  EXPECT_EQ(progress_text(progress), "epoch 12 of 200; none since 5 min 00 s: stopped?");
  progress.epoch = 200;
  EXPECT_EQ(progress_text(progress), "all 200 epochs are trained");

  const fs::path folder = test_folder("live_progress");
  ReportInputs run = run_of("x", 1, 0.1, {0.1, 0.2, 0.3});
  run.run = folder;
  write_text_atomically(RunLayout{folder}.metrics(), "epoch\n");
  const RunProgress found = progress_of(run);
  EXPECT_EQ(found.epoch, 2);
  EXPECT_EQ(found.epochs, 4);
  EXPECT_EQ(found.seconds, 2);
  EXPECT_LT(found.since, 100);
}

TEST(LivePage, IsThePageAndMore) {
  const fs::path run = test_folder("live_page");
  write_synthetic_run(run);
  fs::remove(RunLayout{run}.transition_json());
  MapCache cache;
  const ReportInputs inputs = collect_report(run, {.cache = &cache, .find_transition = true});
  EXPECT_TRUE(inputs.transition && inputs.transition->onset);
  EXPECT_FALSE(cache.entries.empty());
  EXPECT_FALSE(collect_report(run).transition);
  // What was read before is not read again, and gives the same.
  for (const auto& [path, entry] : cache.entries) {
    const auto written = fs::last_write_time(path);
    write_text_atomically(path, "damaged");
    fs::last_write_time(path, written);
  }
  EXPECT_EQ(collect_report(run, {.cache = &cache}).histograms.size(), inputs.histograms.size());

  const std::string page = render_report(inputs, {.live = true, .progress = "<p>half</p>"});
  EXPECT_THAT(page, HasSubstr("connect-src 'self'"));
  EXPECT_THAT(page, HasSubstr("EventSource"));
  EXPECT_THAT(page, HasSubstr("<p>half</p>"));
  const std::string_view part = changing_part(page);
  EXPECT_TRUE(part.ends_with("</script>"));
  EXPECT_THAT(std::string(part), HasSubstr("id=\"report-data\""));
  EXPECT_LT(part.size(), page.size() / 4);
}

}  // namespace
}  // namespace varphase
