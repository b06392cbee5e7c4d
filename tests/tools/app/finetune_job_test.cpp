// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/finetune_job.hpp"

#include <algorithm>

#include <gmock/gmock.h>

#include "analysis/sparse/sparse_model.hpp"
#include "checkpoints/run_layout.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/error.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/tools/app/two_layers.hpp"
#include "tools/app/prune_job.hpp"

namespace varphase::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// May ask for an end.
class FinetuneListener final : public TrainJob {
 public:
  /// @param steps  so many are done when it asks for an end; 0: it never does
  explicit FinetuneListener(std::int64_t steps = 0) : steps_(steps) {}
  void advance(std::int64_t /*units*/) override { ++done_; }
  bool stop_requested() const override { return steps_ > 0 && done_ >= steps_; }

 private:
  std::int64_t steps_, done_ = 0;
};

class FinetuneJob : public testing::Test {
 protected:
  /// A pruned file whose dropped weights are zero, in a folder of no run.
  FinetuneJob() : pruned_((folder_ / "pruned.h5").string()) {
    make_small_run(folder_ / "run", two_layers());
    PruneRequest prune;
    prune.run = (folder_ / "run").string();
    prune.device = "cpu";
    prune.criterion = "magnitude";
    prune.sparsity = 0.9;
    prune.replace = "zero";
    prune.out = pruned_;
    Job job;
    prune_run(prune, job);
  }

  FinetuneRequest request(const std::string& run) const {
    FinetuneRequest request;
    request.pruned = pruned_;
    request.run = (folder_ / run).string();
    request.device = "cpu";
    request.threads = 1;
    request.set = {"train.epochs=2", "train.samples=2"};
    return request;
  }
  RunLayout layout(const std::string& run) const { return RunLayout{folder_ / run}; }

  TemporaryFolder folder_;
  std::string pruned_;
};

const Array& array_named(const std::vector<Array>& arrays, const std::string& name) {
  const auto found = std::find_if(arrays.begin(), arrays.end(),
                                  [&](const Array& array) { return array.name == name; });
  if (found == arrays.end()) throw std::runtime_error("no array " + name);
  return *found;
}

TEST_F(FinetuneJob, WhatWasDroppedStaysDroppedAndTheRestLearns) {
  FinetuneListener job;
  const TrainResult result = finetune(request("fine"), job);
  EXPECT_EQ(result.epochs, 2);
  EXPECT_EQ(result.run, layout("fine").folder.string());
  const SparseModel model = sparse_model_from_document(read_document(pruned_, "pruned"), pruned_);
  const Snapshot before = read_snapshot(layout("run").checkpoint(1));
  const Snapshot after = read_snapshot(layout("fine").checkpoint(2));
  ASSERT_EQ(model.layers.size(), 2U);
  for (const PrunedLayer& layer : model.layers) {
    SCOPED_TRACE(layer.layer);
    const std::vector<std::uint8_t> kept = unpack_mask(layer.mask, layer.count());
    const auto stored = array_named(after.masks, layer.layer + "/kept").as<std::uint8_t>();
    EXPECT_EQ(std::vector<std::uint8_t>(stored.begin(), stored.end()), kept);
    const auto old = array_named(before.parameters, layer.layer + "/mean").as<float>();
    const auto mean = array_named(after.parameters, layer.layer + "/mean").as<float>();
    std::size_t moved = 0, left = 0;
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if (kept[i] == 0) {
        EXPECT_EQ(mean[i], 0) << i;
      } else {
        (mean[i] != old[i] ? moved : left) += 1;
      }
    }
    EXPECT_GT(moved, left);  // inputs that are 0 in all images move nothing
  }
}

TEST_F(FinetuneJob, ItsConfigurationIsThatOfTheRunButForTheSchedule) {
  FinetuneRequest plain = request("fine");
  plain.set.clear();
  FinetuneListener job(1);
  EXPECT_EQ(finetune(plain, job).epochs, 20);
  const RunConfig config = RunFolder(layout("fine").folder).config();
  EXPECT_EQ(config.train.epochs, 20);
  EXPECT_EQ(config.train.kl_start, 0);
  EXPECT_EQ(config.train.kl_warmup, 0);
  EXPECT_EQ(config.train.batch_size, two_layers().train.batch_size);
  EXPECT_EQ(config.data.train_limit, two_layers().data.train_limit);
  EXPECT_EQ(config.network, RunFolder(layout("run").folder).config().network);
}

TEST_F(FinetuneJob, StopsWithAllSavedAndGoesOnBitForBit) {
  FinetuneListener whole, stopping(3), rest;
  finetune(request("whole"), whole);
  ASSERT_EQ(finetune(request("fine"), stopping).stopped.size(), 1U);
  // All that it began with is in the run by now.
  fs::remove(pruned_);
  FinetuneRequest resume;
  resume.run = layout("fine").folder.string();
  resume.resume = true;
  resume.device = "cpu";
  resume.threads = 1;
  EXPECT_TRUE(finetune(resume, rest).stopped.empty());
  const Snapshot one = read_snapshot(layout("whole").checkpoint(2)),
                 two = read_snapshot(layout("fine").checkpoint(2));
  ASSERT_EQ(one.parameters.size(), two.parameters.size());
  for (std::size_t i = 0; i < one.parameters.size(); ++i)
    EXPECT_EQ(one.parameters[i].bytes, two.parameters[i].bytes) << one.parameters[i].name;
  ASSERT_EQ(one.masks.size(), two.masks.size());
  for (std::size_t i = 0; i < one.masks.size(); ++i)
    EXPECT_EQ(one.masks[i].bytes, two.masks[i].bytes) << one.masks[i].name;
}

TEST_F(FinetuneJob, WrongRequestsAreRefusedAndLoseNothing) {
  const std::string bytes = read_text_file(pruned_);
  FinetuneListener job;
  const auto refuses = [&](const char* what, const auto& change) {
    FinetuneRequest wrong = request("fine");
    change(wrong);
    EXPECT_THAT(refusal(ErrorKind::usage, [&] { finetune(wrong, job); }), HasSubstr(what));
    EXPECT_FALSE(fs::exists(folder_ / "fine")) << what;
    EXPECT_EQ(read_text_file(pruned_), bytes) << what;
  };
  refuses("what shall be finetuned", [](FinetuneRequest& r) { r.pruned = ""; });
  refuses("--resume", [](FinetuneRequest& r) { r.resume = true; });
  refuses("layerwise", [](FinetuneRequest& r) { r.parameterization = "layerwise"; });
  refuses("epoch", [](FinetuneRequest& r) { r.set = {"train.epoch=2"}; });
  FinetuneRequest none = request("fine");
  none.pruned = (folder_ / "none.h5").string();
  EXPECT_THAT(refusal(ErrorKind::io, [&] { finetune(none, job); }), HasSubstr("none.h5"));
  // The run that holds the file is not replaced.
  const fs::path inside = layout("run").folder / "inside.h5";
  fs::copy_file(pruned_, inside);
  FinetuneRequest wrong = request("run");
  wrong.pruned = inside.string();
  wrong.overwrite = true;
  EXPECT_THAT(refusal(ErrorKind::usage, [&] { finetune(wrong, job); }),
              HasSubstr("--overwrite would replace"));
  EXPECT_TRUE(fs::exists(layout("run").checkpoint(1)));
}

TEST_F(FinetuneJob, ItsRequestIsJson) { expect_round_trip(request("fine")); }

}  // namespace
}  // namespace varphase::test
