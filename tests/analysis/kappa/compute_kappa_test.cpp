// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/kappa/compute_kappa.hpp"

#include "tests/analysis/striped_network.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

TEST(Kappa, TakesEveryParameterizationAndRefusesAKinkByName) {
  const auto refusal = [](const Json& layers) {
    Network network = network_of(layers);
    try {
      compute_kappa(network, striped_images(), {}, [](std::int64_t) {});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unsupported);
      return std::string(error.what());
    }
    return std::string();
  };
  const Json dense{{"dense", {{"out", 3}}}};
  EXPECT_EQ(refusal({{{"variance_conv2d", {{"out", 4}}}}, "softplus", dense}), "");
  EXPECT_NE(refusal(Json::array({dense})).find("no variance layer"), std::string::npos);
  const Json zero_centred{{"variance_dense", {{"out", 5}, {"parameterization", "zero_centred"}}}};
  EXPECT_NE(refusal({zero_centred, "batch_norm", "abs", dense}).find("zero-centred"),
            std::string::npos);
  for (const std::string& name : parameterizations().names()) {
    const Json layer{{"variance_dense", {{"out", 5}, {"parameterization", name}}}};
    EXPECT_EQ(refusal({layer, "batch_norm", "softplus", dense}), "") << name;
  }
}

TEST(Kappa, GivesEveryLayerItsCurvatureAndSaysHow) {
  Network network = network_of({{{"variance_conv2d", {{"out", 4}}}},
                                "relu",
                                {{"variance_dense", {{"out", 5}}}},
                                "batch_norm",
                                "relu",
                                {{"dense", {{"out", 3}}}}});
  const DeviceImages images = striped_images();
  KappaRequest request;
  request.layers = {"all"};
  request.verify = 20;
  request.others = true;
  const KappaMap map = compute_kappa(network, images, request, [](std::int64_t) {});
  ASSERT_EQ(map.layers.size(), 2U);
  ASSERT_EQ(map.plain_layers.size(), 1U);
  // Of `auto` the layer that the closed form would smooth is smoothed, the others are as they are.
  EXPECT_EQ(map.layers[0].smooth, "none");
  EXPECT_EQ(map.layers[0].method, "exact, piecewise linear");
  EXPECT_EQ(map.layers[1].smooth, "softplus:1");
  EXPECT_EQ(map.layers[1].method, "exact");
  EXPECT_EQ(map.plain_layers[0].layer, "dense2");
  EXPECT_FALSE(map.plain_layers[0].has_variance());
  for (const KappaProof& proof : map.proofs)
    EXPECT_LT(proof.worst_relative_error, tolerance::kFloatCurvature);
  for (const KappaProof& proof : map.plain_proofs)
    EXPECT_LT(proof.worst_relative_error, tolerance::kFloatCurvature);
  EXPECT_EQ(map.layers[0].gauss_newton, map.layers[0].hessian_diagonal);
  EXPECT_NE(map.layers[1].gauss_newton, map.layers[1].hessian_diagonal);

  // The closed form of the same layer, which is taken where nothing else is asked for.
  const KappaMap closed = compute_kappa(network, images, {}, [](std::int64_t) {});
  EXPECT_EQ(closed.layers[1].method, "closed form");
  const auto tensor = [](const std::vector<float>& values) { return at::tensor(values); };
  EXPECT_TRUE(close(tensor(map.layers[1].hessian_diagonal),
                    tensor(closed.layers[1].hessian_diagonal), tolerance::kFloatNetwork));

  const KappaMap read = kappa_from_document(to_document(map), "here");
  EXPECT_EQ(read.plain_layers[0].fisher, map.plain_layers[0].fisher);
  EXPECT_EQ(read.layers[1].gradient, map.layers[1].gradient);
  EXPECT_EQ(read.layers[1].method, "exact");
  EXPECT_EQ(read.layers[0].factors, 2);
}

TEST(Kappa, AnEstimateSaysItsError) {
  Network network = network_of({{{"variance_conv2d", {{"out", 4}}}},
                                "softplus",
                                {{"variance_dense", {{"out", 5}}}},
                                "softplus",
                                {{"dense", {{"out", 3}}}}});
  const DeviceImages images = striped_images();
  KappaRequest request;
  request.method = CurvatureMethod::sampled_residual;
  request.samples = 8;
  const KappaMap map = compute_kappa(network, images, request, [](std::int64_t) {});
  EXPECT_EQ(map.method, "estimate");
  EXPECT_EQ(map.layers[0].method, "estimate, 8 samples");
  ASSERT_EQ(map.layers[0].standard_error.size(), map.layers[0].hessian_diagonal.size());
  EXPECT_GT(at::tensor(map.layers[0].standard_error).max().item<float>(), 0);
  // Every weight of a threshold in the middle of wide errors may be on either side.
  EXPECT_EQ(map.layers[1].uncertain(1e30), 0);
  const KappaMap read = kappa_from_document(to_document(map), "here");
  EXPECT_EQ(read.layers[0].standard_error, map.layers[0].standard_error);
  EXPECT_THROW(curvature_method_from_name("guess"), Error);
}

}  // namespace
}  // namespace varphase
