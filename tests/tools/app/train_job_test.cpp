// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/train_job.hpp"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoints/run_layout.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/csv_table.hpp"
#include "src/base/error.hpp"
#include "src/base/json.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/tools/app/small_run.hpp"
#include "tools/app/finetune_job.hpp"

namespace varphase::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t kImages = 400, kBatch = 50, kSteps = kImages / kBatch;

/// Writes down what it is told, and may ask for an end.
class Listener final : public TrainJob {
 public:
  /// @param steps  so many are done when it asks for an end; 0: it never does
  explicit Listener(std::int64_t steps = 0) : steps_(steps) {}

  void begin(const std::string& /*what*/, std::int64_t total, const std::string& unit) override {
    total_ = total;
    unit_ = unit;
    told.emplace_back("begin");
  }
  void advance(std::int64_t units) override {
    done_ += units;
    ++steps_done_;
  }
  void end() override { told.emplace_back("end"); }
  void begin_stoppable() override { told.emplace_back("stoppable"); }
  bool stop_requested() const override { return steps_ > 0 && steps_done_ >= steps_; }
  void remark(const std::string& text) override { remarks.push_back(text); }
  void begins_with(const std::string& text) override {
    told.emplace_back("begins with");
    remarks.push_back(text);
  }
  void started(const TrainingStart& start) override {
    told.emplace_back("started");
    starts.push_back(start);
  }
  void rows_begin(const EpochColumns& columns) override {
    told.emplace_back(columns.member ? "rows of members" : "rows");
  }
  void epoch_ended(const EpochRow& row) override {
    told.push_back("epoch " + std::to_string(row.epoch));
    rows.push_back(row);
  }

  std::vector<std::string> told, remarks;
  std::vector<TrainingStart> starts;
  std::vector<EpochRow> rows;
  std::int64_t total() const { return total_; }
  std::int64_t done() const { return done_; }
  const std::string& unit() const { return unit_; }

 private:
  std::int64_t steps_, steps_done_ = 0, total_ = 0, done_ = 0;
  std::string unit_;
};

class TrainJobTest : public testing::Test {
 protected:
  TrainJobTest() {
    write_json_file(folder_ / "network.json",
                    parse_json(R"({"input": [1, 1, 2], "classes": 4, "layers": [
                       {"dense": {"out": 12}}, "relu",
                       {"variance_dense": {"out": 8, "parameterization": "layer", "log_alpha": -5}},
                       "relu", {"dense": {"out": 4}}]})",
                               "network"));
  }

  TrainRequest request(const std::string& run, std::int64_t epochs) const {
    TrainRequest request;
    request.run = (folder_ / run).string();
    request.network = (folder_ / "network.json").string();
    request.device = "cpu";
    request.threads = 1;
    request.set = {"data.data=four-gaussians", "data.train_limit=" + std::to_string(kImages),
                   "data.test_limit=100",      "train.batch_size=" + std::to_string(kBatch),
                   "train.samples=3",          "train.epochs=" + std::to_string(epochs)};
    return request;
  }
  RunLayout layout(const std::string& run) const { return RunLayout{folder_ / run}; }

  TemporaryFolder folder_;
};

TEST_F(TrainJobTest, TellsAndReturnsWhatTheFilesSay) {
  Listener job;
  TrainRequest asked = request("run", 2);
  asked.set.emplace_back("train.keep_optimizer=3");
  const TrainResult result = train(asked, job);
  EXPECT_THAT(job.told,
              ElementsAre("stoppable", "started", "begin", "rows", "epoch 1", "epoch 2", "end"));
  EXPECT_EQ(job.total(), 2 * kImages);
  EXPECT_EQ(job.done(), 2 * kImages);
  EXPECT_EQ(job.unit(), "images");
  ASSERT_EQ(job.starts.size(), 1U);
  EXPECT_EQ(job.starts[0].training_images, kImages);
  EXPECT_EQ(job.starts[0].weights, (2 * 12 + 12) + 12 * 8 + (8 * 4 + 4));
  EXPECT_EQ(job.starts[0].checkpoint_bytes,
            static_cast<double>(fs::file_size(layout("run").checkpoint(0))));
  EXPECT_EQ(result.run, layout("run").folder.string());
  EXPECT_EQ(result.epochs, 2);
  EXPECT_FALSE(result.finished_before);
  EXPECT_THAT(result.stopped, IsEmpty());
  const CsvTable metrics = read_csv(layout("run").metrics());
  ASSERT_EQ(metrics.rows.size(), 3U);
  ASSERT_EQ(job.rows.size(), 2U);
  const auto log_alpha =
      std::find_if(metrics.columns.begin(), metrics.columns.end(),
                   [](const std::string& name) { return name.starts_with("log_alpha/"); });
  ASSERT_NE(log_alpha, metrics.columns.end());
  for (std::size_t i = 0; i < 2; ++i) {
    const EpochRow& row = job.rows[i];
    const auto cell = [&](const char* column) { return metrics.values(column)[i + 1]; };
    EXPECT_EQ(row.nll, cell("nll"));
    EXPECT_EQ(row.kl, cell("kl"));
    EXPECT_EQ(row.log_alpha, cell(log_alpha->c_str()));
    ASSERT_TRUE(row.scores);
    EXPECT_EQ(row.scores->accuracy_deterministic, cell("test_accuracy_deterministic"));
    EXPECT_EQ(row.scores->accuracy_stochastic, cell("test_accuracy_stochastic"));
    EXPECT_EQ(row.scores->accuracy_ensemble, cell("test_accuracy_ensemble"));
    EXPECT_EQ(row.scores->accuracy_zero_mean, cell("test_accuracy_zero_mean"));
    EXPECT_EQ(row.scores->nll_ensemble, cell("test_nll_ensemble"));
    EXPECT_FALSE(row.dropped);
  }
  ASSERT_TRUE(result.last);
  EXPECT_EQ(result.last->epoch, 2);
  EXPECT_EQ(result.last->nll, job.rows[1].nll);
  EXPECT_EQ(read_snapshot(layout("run").checkpoint(2)).step, 2 * kSteps);
}

TEST_F(TrainJobTest, StopsWithAllSavedAndGoesOnBitForBit) {
  Listener whole, stopping(kSteps + 3), rest;
  train(request("whole", 2), whole);
  const TrainResult stopped = train(request("run", 2), stopping);
  ASSERT_EQ(stopped.stopped.size(), 1U);
  EXPECT_EQ(stopped.stopped[0].step, kSteps + 3);
  EXPECT_EQ(stopped.stopped[0].member, "");
  EXPECT_EQ(read_snapshot(layout("run").interrupted()).step, kSteps + 3);
  TrainRequest resume;
  resume.run = layout("run").folder.string();
  resume.resume = true;
  resume.device = "cpu";
  resume.threads = 1;
  const TrainResult ended = train(resume, rest);
  EXPECT_THAT(ended.stopped, IsEmpty());
  EXPECT_THAT(rest.told, ElementsAre("stoppable", "begin", "rows", "epoch 2", "end"));
  EXPECT_THAT(rest.remarks, ElementsAre(HasSubstr("resuming where it was stopped")));
  EXPECT_EQ(rest.total(), kImages - 3 * kBatch);
  EXPECT_FALSE(fs::exists(layout("run").interrupted()));
  const Snapshot one = read_snapshot(layout("whole").checkpoint(2)),
                 two = read_snapshot(layout("run").checkpoint(2));
  ASSERT_EQ(one.parameters.size(), two.parameters.size());
  for (std::size_t i = 0; i < one.parameters.size(); ++i)
    EXPECT_EQ(one.parameters[i].bytes, two.parameters[i].bytes) << one.parameters[i].name;
  Listener again;
  const TrainResult before = train(resume, again);
  EXPECT_TRUE(before.finished_before);
  EXPECT_EQ(before.epochs, 2);
  EXPECT_THAT(again.told, IsEmpty());
}

TEST_F(TrainJobTest, ResumingTakesMoreEpochsAndNothingElse) {
  Listener job;
  train(request("run", 1), job);
  TrainRequest resume;
  resume.run = layout("run").folder.string();
  resume.resume = true;
  resume.device = "cpu";
  resume.threads = 1;
  resume.set = {"train.learning_rate=1"};
  EXPECT_THAT(refusal(ErrorKind::usage, [&] { train(resume, job); }),
              HasSubstr("not train.learning_rate"));
  // Version 0.2.0 had no column test_gap_se: a file that it began goes on without.
  const CsvTable begun = read_csv(layout("run").metrics());
  const std::vector<double> errors = begun.values("test_gap_se");
  ASSERT_EQ(errors.size(), 2U);
  for (const double error : errors) EXPECT_TRUE(error >= 0 && error <= 0.1) << error;  // 100 images
  const auto column = static_cast<std::size_t>(
      std::find(begun.columns.begin(), begun.columns.end(), "test_gap_se") - begun.columns.begin());
  std::string old;
  std::istringstream lines(read_text_file(layout("run").metrics()));
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> cells;
    std::istringstream row(line);
    for (std::string cell; std::getline(row, cell, ',');) cells.push_back(cell);
    cells.erase(cells.begin() + static_cast<std::ptrdiff_t>(column));
    old += fmt::format("{}\n", fmt::join(cells, ","));
  }
  write_text_atomically(layout("run").metrics(), old);
  resume.set = {"train.epochs=2"};
  EXPECT_EQ(train(resume, job).epochs, 2);
  const CsvTable longer = read_csv(layout("run").metrics());
  EXPECT_EQ(longer.rows.size(), 3U);
  EXPECT_FALSE(longer.has("test_gap_se"));
  EXPECT_TRUE(fs::exists(layout("run").checkpoint(2)));
  resume.set = {"train.epochs=1"};
  EXPECT_THAT(refusal(ErrorKind::usage, [&] { train(resume, job); }), HasSubstr("not shorter"));
}

TEST_F(TrainJobTest, MembersAreTheRunsOfTheirSeeds) {
  TrainRequest several = request("several", 1);
  several.members = 2;
  several.side_by_side = 2;
  Listener job, alone;
  const TrainResult result = train(several, job);
  EXPECT_EQ(job.told.front(), "stoppable");
  EXPECT_EQ(std::count(job.told.begin(), job.told.end(), "rows of members"), 1);
  ASSERT_EQ(job.rows.size(), 2U);
  EXPECT_EQ(job.rows[0].member, "00");
  EXPECT_EQ(job.rows[1].member, "01");
  TrainRequest second = request("second", 1);
  second.set.emplace_back("train.seed=2");
  train(second, alone);
  EXPECT_EQ(job.rows[1].nll, alone.rows[0].nll);
  ASSERT_EQ(result.members.size(), 2U);
  EXPECT_EQ(result.members[1].member, "01");
  EXPECT_EQ(result.members[1].seed, 2);
  EXPECT_EQ(result.members[1].epoch, 1);
  EXPECT_EQ(result.members[1].scores.accuracy_ensemble, alone.rows[0].scores->accuracy_ensemble);
  EXPECT_EQ(result.members[1].scores.nll_ensemble, alone.rows[0].scores->nll_ensemble);
  EXPECT_FALSE(result.last);
}

TEST_F(TrainJobTest, WrongRequestsAreRefusedAndLeaveNothing) {
  Listener job;
  const auto refused = [&](ErrorKind kind, const std::string& says, auto&& change) {
    TrainRequest wrong = request("wrong", 1);
    change(wrong);
    EXPECT_THAT(refusal(kind, [&] { train(wrong, job); }), HasSubstr(says));
    EXPECT_FALSE(fs::exists(folder_ / "wrong"));
  };
  refused(ErrorKind::usage, "what shall be trained",
          [](TrainRequest& wrong) { wrong.network.clear(); });
  refused(ErrorKind::usage, "not both", [](TrainRequest& wrong) {
    wrong.preset = "toy";
    wrong.config = "x.json";
  });
  refused(ErrorKind::usage, "train.epoch",
          [](TrainRequest& wrong) { wrong.set.emplace_back("train.epoch=3"); });
  refused(ErrorKind::usage, "--side-by-side", [](TrainRequest& wrong) { wrong.side_by_side = 2; });
  refused(ErrorKind::usage, "--accept-changed-data",
          [](TrainRequest& wrong) { wrong.accept_changed_data = true; });
  refused(ErrorKind::io, "none.json", [](TrainRequest& wrong) { wrong.network = "none.json"; });
  refused(ErrorKind::usage, "--seed", [](TrainRequest& wrong) {
    wrong.members = 2;
    wrong.set.emplace_back("train.seed=9000000000000000");
  });
  EXPECT_THAT(job.told, IsEmpty());
  train(request("there", 1), job);
  EXPECT_THAT(refusal(ErrorKind::usage, [&] { train(request("there", 1), job); }),
              HasSubstr("there is something already"));
  EXPECT_TRUE(fs::exists(layout("there").checkpoint(1)));
}

TEST_F(TrainJobTest, ALossThatIsNotFiniteNamesTheLastGoodCheckpoint) {
  TrainRequest wild = request("wild", 2);
  // Each step multiplies the weights by 1 - 1000 * 1000.
  for (const char* more :
       {"train.optimizer=sgd", "train.learning_rate=1000", "train.weight_decay=1000"})
    wild.set.emplace_back(more);
  Listener job;
  EXPECT_THAT(refusal(ErrorKind::numeric, [&] { train(wild, job); }),
              HasSubstr("last good checkpoint"));
  EXPECT_EQ(job.told.back(), "end");
}

TEST(TrainRequestTest, IsTheSameAsJson) {
  TrainRequest request;
  assign_fields(request, parse_json(R"({"run": "r", "members": 3, "initial_log_alpha": -2.5,
                                        "set": ["train.epochs=3"], "threads": 2})",
                                    "test"));
  EXPECT_EQ(request.members, 3);
  EXPECT_EQ(request.initial_log_alpha, -2.5);
  EXPECT_THAT(request.set, ElementsAre("train.epochs=3"));
  expect_round_trip(request);
  EXPECT_THROW(assign_fields(request, Json{{"side_by_side", 9}}), Error);
  FinetuneRequest fine;
  fine.data = "mnist";
  expect_round_trip(fine);
}

}  // namespace
}  // namespace varphase::test
