// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/attack_job.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/robustness/attack_outcome.hpp"
#include "analysis/robustness/judge.hpp"
#include "src/base/json.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/tools/app/heard_job.hpp"
#include "tests/tools/app/small_run.hpp"
#include "tools/app/loaded_network.hpp"
#include "tools/app/run_images.hpp"

namespace varphase::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// Asks to end after so many image steps; 0: never.
class EndingJob final : public HeardJob<> {
 public:
  explicit EndingJob(std::int64_t last = 0) : last_(last) {}
  bool stop_requested() const override { return last_ > 0 && pieces.back().done >= last_; }
  void note(const std::string& text) override { notes.push_back(text); }
  std::vector<std::string> notes;

 private:
  std::int64_t last_;
};

class AttackJob : public testing::Test {
 protected:
  AttackJob() {
    make_small_run(folder_ / "a");
    request_.device = "cpu";
    request_.threads = 1;
    request_.paths = {(folder_ / "a").string()};
    request_.epsilon = "20px";
    request_.steps = 3;
    request_.samples = 2;
    request_.judge_samples = 3;
    request_.batch = 15;
  }
  std::string refused() {
    EndingJob job;
    return refusal(ErrorKind::usage, [&] { attack_runs(request_, job); });
  }
  std::vector<fs::path> files() const {
    std::vector<fs::path> all;
    std::error_code none;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / "a" / "attacks", none))
      if (entry.is_regular_file()) all.push_back(entry.path());
    return all;
  }

  TemporaryFolder folder_;
  AttackRunsRequest request_;
};

TEST_F(AttackJob, TellsItsWorkAndWritesItsResult) {
  EndingJob job;
  const AttackRunsResult result = attack_runs(request_, job);
  ASSERT_EQ(job.pieces.size(), 1U);
  EXPECT_EQ(job.pieces[0].total, 40 * 3);
  EXPECT_EQ(job.pieces[0].done, 40 * 3);
  EXPECT_TRUE(job.pieces[0].ended);
  EXPECT_THAT(job.notes, testing::Contains(HasSubstr("240 in all")));
  EXPECT_EQ(result.images, 40);
  EXPECT_EQ(result.gradients_an_image, 6);
  ASSERT_EQ(result.judges.size(), 1U);
  EXPECT_EQ(result.judges[0].points.size(), 4U);
  Json file = read_json_file(result.stem + ".json");
  EXPECT_TRUE(file.contains("provenance"));
  file.erase("provenance");
  EXPECT_EQ(file, to_json(result));
  EXPECT_EQ(files().size(), 2U);
}

TEST_F(AttackJob, WhatWasDoneIsNotDoneAgain) {
  EndingJob whole;
  const AttackRunsResult wanted = attack_runs(request_, whole);
  for (const fs::path& file : files()) fs::remove(file);
  EndingJob ending(15 * 3 + 1);  // within the second of three batches
  const AttackRunsResult part = attack_runs(request_, ending);
  EXPECT_EQ(part.interrupted, 15);
  EXPECT_EQ(files().size(), 1U);
  EndingJob again;
  const AttackRunsResult got = attack_runs(request_, again);
  EXPECT_EQ(again.pieces[0].total, 25 * 3);
  EXPECT_EQ(again.pieces[0].done, 25 * 3);
  EXPECT_EQ(to_json(got), to_json(wanted));
  EXPECT_EQ(files().size(), 2U);
}

TEST_F(AttackJob, AnotherRequestTakesNothingOfAnInterruptedOne) {
  EndingJob ending(15 * 3 + 1);
  attack_runs(request_, ending);
  request_.seed = 2;
  EndingJob other;
  attack_runs(request_, other);
  EXPECT_EQ(other.pieces[0].total, 40 * 3);
  EXPECT_EQ(files().size(), 3U);  // the other's part stays where it is
}

TEST_F(AttackJob, ItsImagesReadAgainAreJudgedToTheSameBits) {
  request_.batch = 0;  // all at once, as below
  request_.save = true;
  EndingJob job;
  const AttackRunsResult result = attack_runs(request_, job);
  const fs::path file = result.stem + ".h5";
  const AttackOutcome wanted =
      outcome_from_document(read_document(file, kAttackKind), file.string());
  RunConfig config = small_config();
  const Dataset attacked = open_dataset(config.data, file.string());
  EXPECT_TRUE(attacked.test.is_real());
  EXPECT_EQ(attacked.train.count(), 0);
  EXPECT_EQ(attacked.test.labels, wanted.label);
  EXPECT_EQ(attacked.test.index, wanted.image);

  LoadedNetwork loaded =
      load_network_file(RunFolder(folder_ / "a").checkpoint(1), at::kCPU, "dense");
  JudgeDraws draws;
  draws.members = request_.judge_samples;
  draws.seed = static_cast<std::uint64_t>(request_.seed);
  draws.first_member = request_.steps * request_.judge_samples;
  const ImageModels models{{&loaded.network, {}, {}}};
  const Judgement got = judgement(
      judged_log_probabilities(models, to_device(attacked.test, Split::test, at::kCPU), draws));
  for (std::int64_t n = 0; n < attacked.test.count(); ++n) {
    const auto at = static_cast<std::size_t>(n * 4 + 3);
    EXPECT_EQ(got.predicted[n].item<std::int64_t>(), wanted.judges[0].predicted[at]);
    EXPECT_EQ(static_cast<float>(got.entropy[n].item<double>()), wanted.judges[0].entropy[at]);
  }
}

TEST_F(AttackJob, SanityWritesNothing) {
  request_.sanity = true;
  EndingJob job;
  const AttackRunsResult result = attack_runs(request_, job);
  EXPECT_EQ(result.sanity.size(), 5U);
  EXPECT_EQ(job.pieces[0].done, job.pieces[0].total);
  EXPECT_TRUE(files().empty());
  EXPECT_EQ(to_json(result)["sane"], result.is_sane());
}

TEST_F(AttackJob, WrongRequestsAreRefused) {
  request_.images = 41;
  EXPECT_THAT(refused(), HasSubstr("there are 40 test images"));
  request_.images = 0;
  request_.epsilon = "2";
  EXPECT_THAT(refused(), HasSubstr("over the range"));
  request_.epsilon = "20px";
  request_.target = "10";
  EXPECT_THAT(refused(), HasSubstr("classes 0 to 9"));
  request_.target = "none";
  request_.paths = {};
  EXPECT_THAT(refused(), HasSubstr("a run or a file"));
  EXPECT_TRUE(files().empty());
}

TEST_F(AttackJob, ARequestComesBackFromItsJson) { expect_round_trip(request_); }

}  // namespace
}  // namespace varphase::test
