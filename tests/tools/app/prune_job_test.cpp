// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/prune_job.hpp"

#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>

#include "analysis/sparse/sparse_model.hpp"
#include "checkpoints/run_layout.hpp"
#include "src/base/error.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/tools/app/heard_job.hpp"
#include "tests/tools/app/two_layers.hpp"

namespace varphase::test {
namespace {

namespace fs = std::filesystem;

PruneRequest prune_request(const RunLayout& run) {
  PruneRequest request;
  request.run = run.folder.string();
  request.device = "cpu";
  request.criterion = "magnitude";
  request.sparsity = 0.9;
  return request;
}

SparseModel model_in(const std::string& path) {
  return sparse_model_from_document(read_document(path, "pruned"), path);
}

/// 1 where a weight is among the largest, by a sort that shares nothing with DropOrder.
std::vector<std::uint8_t> largest(const Array& mean, double sparsity) {
  const auto values = mean.as<float>();
  std::vector<std::size_t> order(values.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::abs(values[a]) < std::abs(values[b]);
  });
  std::vector<std::uint8_t> keep(values.size(), 1);
  const auto dropped =
      static_cast<std::size_t>(std::floor(sparsity * static_cast<double>(values.size())));
  for (std::size_t i = 0; i < dropped; ++i) keep[order[i]] = 0;
  return keep;
}

TEST(PruneJob, WritesTheFileThatItTellsOf) {
  const TemporaryFolder folder;
  const RunLayout run{folder / "run"};
  make_small_run(run.folder, two_layers());
  Job job;
  const PruneResult result = prune_run(prune_request(run), job);
  EXPECT_EQ(fs::path(result.path), run.pruned() / "epoch_0001_magnitude_zero_89.97.h5");
  EXPECT_EQ(result.bytes, static_cast<std::int64_t>(fs::file_size(result.path)));

  const SparseModel model = model_in(result.path);
  const Snapshot before = read_snapshot(run.checkpoint(1));
  ASSERT_EQ(model.layers.size(), 2U);
  std::int64_t kept = 0;
  for (const PrunedLayer& layer : model.layers) {
    const auto mean = std::find_if(before.parameters.begin(), before.parameters.end(),
                                   [&](const Array& a) { return a.name == layer.layer + "/mean"; });
    ASSERT_NE(mean, before.parameters.end());
    EXPECT_EQ(unpack_mask(layer.mask, layer.count()), largest(*mean, 0.9)) << layer.layer;
    kept += layer.kept();
  }
  EXPECT_EQ(result.kept, kept);
  EXPECT_EQ(result.weights, 12 * 49 + 10 * 12);
  EXPECT_EQ(model.epoch, 1);
  EXPECT_EQ(model.config, before.config);
  EXPECT_EQ(model.provenance.at("checkpoint_digest"), document_digest(run.checkpoint(1)));
  EXPECT_EQ(model.provenance.at("cut"), "sparsity 0.9");
  EXPECT_EQ(to_json(result)["kept"], kept);
  EXPECT_EQ(to_json(result)["layer"], model.layers[0].layer + "," + model.layers[1].layer);
}

TEST(PruneJob, PrunesAPrunedFileFurther) {
  const TemporaryFolder folder;
  const RunLayout run{folder / "run"};
  make_small_run(run.folder, two_layers());
  Job job;
  PruneRequest request = prune_request(run);
  const PruneResult first = prune_run(request, job);
  request.run = first.path;
  request.sparsity = 0.95;
  const PruneResult second = prune_run(request, job);
  EXPECT_LT(second.kept, first.kept);
  const SparseModel model = model_in(second.path);
  EXPECT_EQ(model.provenance.at("pruned_from_digest"), document_digest(first.path));
  EXPECT_EQ(model.provenance.at("checkpoint_digest"), document_digest(run.checkpoint(1)));
  // Less than is dropped already is a mistake.
  request.sparsity = 0.5;
  EXPECT_THAT(refusal(ErrorKind::usage, [&] { prune_run(request, job); }),
              testing::HasSubstr("drops nothing"));
}

TEST(PruneJob, TellsHowFarItIs) {
  const TemporaryFolder folder;
  const RunLayout run{folder / "run"};
  make_small_run(run.folder, two_layers());
  HeardJob<> job;
  PruneRequest request = prune_request(run);
  request.criterion = "kappa";
  request.sparsity.reset();
  request.choose = "drop<=100";
  request.samples = 2;
  const PruneResult result = prune_run(request, job);
  ASSERT_EQ(job.pieces.size(), 2U);
  EXPECT_EQ(job.pieces[0].what, "kappa of epoch 1");
  EXPECT_EQ(job.pieces[1].what, "sweep of the validation images");
  for (const auto& piece : job.pieces) {
    EXPECT_GT(piece.total, 0) << piece.what;
    EXPECT_EQ(piece.done, piece.total) << piece.what;
    EXPECT_TRUE(piece.ended) << piece.what;
  }
  // Where all may be lost, the sparsest cut is the one that drops everything.
  EXPECT_EQ(result.kept, 0);
  EXPECT_EQ(result.cut, "drop<=100 on validation");
}

TEST(PruneJob, RefusesAndLeavesNothing) {
  const TemporaryFolder folder;
  const RunLayout run{folder / "run"};
  make_small_run(run.folder, two_layers(0));
  Job job;
  const auto refuses = [&](const char* what, const auto& change) {
    PruneRequest request = prune_request(run);
    change(request);
    const std::string said = refusal(ErrorKind::usage, [&] { prune_run(request, job); });
    EXPECT_THAT(said, testing::HasSubstr(what));
    EXPECT_FALSE(fs::exists(run.pruned())) << what;
  };
  refuses("got 2", [](PruneRequest& r) { r.threshold = "10^1.5"; });
  refuses("got 0", [](PruneRequest& r) { r.sparsity.reset(); });
  refuses("no variance layer 'dense9'", [](PruneRequest& r) { r.layer = {"dense9"}; });
  refuses("magnitude", [](PruneRequest& r) { r.criterion = "magnitud"; });
  refuses("--replace zero", [](PruneRequest& r) {
    r.structure = "neurons";
    r.replace = "mean";
  });
  refuses("validation", [](PruneRequest& r) {
    r.sparsity.reset();
    r.choose = "drop<=1";
  });
  refuses("LAYER=SHARE", [](PruneRequest& r) {
    r.sparsity.reset();
    r.budget = {"dense1=2"};
  });
  refuses("10^1.5", [](PruneRequest& r) {
    r.sparsity.reset();
    r.criterion = "kappa";
    r.threshold = "-1";
  });
}

TEST(PruneJob, ItsRequestIsJson) {
  PruneRequest request;
  assign_fields(request, Json{{"run", "a"}, {"sparsity", 0.5}, {"budget", {"a=1", "b=0.5"}}});
  EXPECT_EQ(request.run, "a");
  EXPECT_EQ(request.sparsity, 0.5);
  EXPECT_EQ(request.budget, (TextList{"a=1", "b=0.5"}));
  expect_round_trip(request);
  EXPECT_THROW(assign_fields(request, Json{{"sparsity", 1.5}}), Error);
  EXPECT_THROW(assign_fields(request, Json{{"samples", 0}}), Error);
}

}  // namespace
}  // namespace varphase::test
