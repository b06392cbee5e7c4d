// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
// A layer that holds layers: the analysis sees those within, or refuses by name what it cannot do.
#include <gmock/gmock.h>

#include "analysis/exchange/onnx_graph.hpp"
#include "analysis/exchange/state_dict.hpp"
#include "analysis/exchange/state_dict_import.hpp"
#include "analysis/kappa/compute_kappa.hpp"
#include "analysis/predict/predictor.hpp"
#include "analysis/prune/network_cost.hpp"
#include "analysis/prune/repair.hpp"
#include "analysis/prune/restore.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/layers/batch_norm.hpp"
#include "tests/analysis/curvature/reference_diagonal.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/residual.hpp"
#include "tests/support/small_training.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

using testing::HasSubstr;

Network nested(std::uint64_t seed = 4) {
  Network network(residual_network(), kinds_with_residual());
  network.initialize(seed);
  network.to(test_device());
  return network;
}

DeviceImages small_set() { return to_device(small_images(), Split::train, test_device()); }

template <class Call>
void expect_unsupported(const Call& call, const std::string& text) {
  try {
    call();
    FAIL() << "wants " << text;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported) << error.what();
    EXPECT_THAT(error.what(), HasSubstr(text));
  }
}

TEST(NestedLayers, HaveNoKappaAndAreNotLeftOut) {
  Network network = nested();
  const DeviceImages images = small_set();
  const auto kappa = [&](const std::vector<std::string>& layers) {
    KappaRequest request;
    request.layers = layers;
    return compute_kappa(network, images, request, [](std::int64_t) {});
  };
  expect_unsupported([&] { kappa({}); }, "block1.dense1 lies within");
  expect_unsupported([&] { kappa({"all"}); }, "block1.dense1 lies within");
  expect_unsupported([&] { kappa({"block1.block1.dense1"}); }, "block1.block1.dense1 lies within");
  expect_unsupported([&] { kappa({"dense1"}); },
                     "block1: layers of kind residual have no rule of curvature");
}

TEST(NestedLayers, InFrontOfAnotherLayerLeaveItsCurvatureExact) {
  Network network = nested();
  KappaRequest request;
  request.layers = {"dense2"};
  request.smooth = "none";
  const KappaMap map = compute_kappa(network, small_set(), request, [](std::int64_t) {});
  Network wide = nested();
  wide.to(at::kDouble);
  const DeviceImages images = small_set();
  const ReferenceDiagonal wanted = reference_diagonal(
      wide, "dense2", slice_batch(images, 0, images.count()).images.to(at::kDouble), images.labels);
  EXPECT_TRUE(close(at::tensor(map.layers.front().hessian_diagonal).reshape({5, 6}), wanted.hessian,
                    tolerance::kFloatCurvature));
}

TEST(NestedLayers, CountInTheCost) {
  const Network network = nested();
  const NetworkCost cost = network_cost(network, std::vector<LayerCost>());
  EXPECT_EQ(cost.full.mean, 64 * 6 + 36 + 36 + 30 + 15);
  EXPECT_EQ(cost.full.moments, 64 * 6 + 2 * (36 + 36 + 30) + 15);
}

TEST(NestedLayers, ArePutBackAfterACut) {
  Network network = nested();
  BatchNorm& norm = *network.layer("block1.batch_norm1").as_batch_norm();
  VarianceLayer& layer = *network.layer("block1.dense1").as_variance();
  const at::Tensor mean = norm.running_mean().clone(), weight = layer.effective_mean().clone();
  Restore restore(network);
  norm.set_statistics(mean + 1, norm.running_var());
  layer.override_weights(at::zeros_like(weight), at::zeros_like(weight));
  restore.put_back();
  EXPECT_TRUE(at::equal(norm.running_mean(), mean));
  EXPECT_TRUE(at::equal(layer.effective_mean(), weight));
}

TEST(NestedLayers, WithANormBehindACutAreRefusedByItsRepair) {
  Network network = nested();
  const DeviceImages images = small_set();
  SampledInputs passes(network, images, 9);
  expect_unsupported([&] { reestimate_batch_norms(network, 0, passes); },
                     "block1.batch_norm1 lies within");
  const at::Tensor before = network.layer("block1.batch_norm1").as_batch_norm()->running_mean();
  reestimate_batch_norms(network, 2, passes);  // the block lies in front
  EXPECT_TRUE(
      at::equal(before, network.layer("block1.batch_norm1").as_batch_norm()->running_mean()));
  expect_unsupported([&] { passes.mean_square(network.position("block1.dense1")); },
                     "block1.dense1");
}

TEST(NestedLayers, DrawTheirNoiseInAnEnsemble) {
  Network network = nested();
  const DeviceImages images = small_set();
  Predictor predictor(network, images, 3);
  const at::Tensor one = predictor.log_probabilities(Estimator::ensemble, 1),
                   many = predictor.log_probabilities(Estimator::ensemble, 8),
                   mean = predictor.log_probabilities(Estimator::deterministic, 1);
  EXPECT_FALSE(at::allclose(one, many));
  EXPECT_FALSE(at::allclose(one, mean));
}

TEST(NestedLayers, GoThroughCheckpointsAndStateDicts) {
  test::TemporaryFolder folder;
  Network network = nested();
  network.to(at::kCPU);
  network.layer("block1.dense1").as_variance()->drop(at::rand({6, 6}) > 0.5);
  Snapshot snapshot;
  snapshot.config = "{}";
  store_network(network, snapshot);
  write_snapshot(folder / "x.h5", snapshot);
  EXPECT_TRUE(same_arrays(read_snapshot(folder / "x.h5"), snapshot));

  Network other = nested(7);
  other.to(at::kCPU);
  const StateDictReport report = load_state_dict(other, state_dict(snapshot), {"here", {}, {}});
  EXPECT_EQ(report.masks.size(), 1U);
  Snapshot again;
  store_network(other, again);
  EXPECT_TRUE(same_arrays(again, snapshot));
}

TEST(NestedLayers, HaveNoOnnxFormYet) {
  Network network = nested();
  expect_unsupported([&] { onnx_graph(network, OnnxMode::ensemble, {}); },
                     "block1: layers of kind residual have no ONNX form");
}

}  // namespace
}  // namespace varphase
