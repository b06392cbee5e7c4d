// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/kappa/image_shares.hpp"

#include "tests/analysis/curvature/random_images.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kImages = 6;

TEST(KappaByImage, NamesTheImagesThatDoubleBackwardOfSingleOnesNames) {
  Network network = random_float_network(curved_spec(), 7),
          twin = random_float_network(curved_spec(), 7);
  twin.to(at::kDouble);
  const DeviceImages images = random_images(network, kImages, 8);
  KappaRequest request;
  request.layers = {"all"};
  const KappaMap map = compute_kappa(network, images, request, [](std::int64_t) {});
  std::int64_t told = 0;
  const std::vector<LayerImages> found =
      largest_by_image(network, images, request, map, {5, 4}, [&](std::int64_t n) { told += n; });
  EXPECT_EQ(told, KappaPlan(network, request).passes() * kImages);
  ASSERT_EQ(found.size(), 4U);
  const at::Tensor x = slice_batch(images, 0, kImages).images.to(at::kDouble);
  for (const LayerImages& layer : found) {
    SCOPED_TRACE(layer.layer);
    const bool plain = layer.layer == "conv2" || layer.layer == "dense2";
    EXPECT_EQ(layer.has_variance, !plain);
    std::vector<at::Tensor> alone;  // kappa of each image, [weights]
    for (std::int64_t n = 0; n < kImages; ++n)
      alone.push_back(
          reference_diagonal(twin, layer.layer, x.narrow(0, n, 1), images.labels.narrow(0, n, 1))
              .hessian.flatten());
    at::Tensor kappa = at::stack(alone).cpu();  // [images, weights]
    if (!plain) {
      const auto& variance_layer =
          dynamic_cast<VarianceLayer&>(*network.layers()[network.position(layer.layer)]);
      kappa = kappa * variance_layer.effective_variance().flatten().cpu().to(at::kDouble);
    }
    const at::Tensor whole = kappa.sum(0);
    const double scale = kappa.abs().max().item<double>();
    const at::Tensor order = whole.abs().argsort(0, /*descending=*/true);
    ASSERT_EQ(layer.weights.size(), 5U);
    for (std::size_t w = 0; w < 5; ++w) {
      const WeightImages& weight = layer.weights[w];
      EXPECT_EQ(weight.weight, order[static_cast<std::int64_t>(w)].item<std::int64_t>());
      const at::Tensor of = kappa.select(1, weight.weight);
      EXPECT_NEAR(weight.kappa, of.sum().item<double>(), tolerance::kFloatNetwork * scale);
      EXPECT_NEAR(weight.effective_images,
                  std::pow(of.abs().sum().item<double>(), 2) / of.square().sum().item<double>(),
                  tolerance::kFloatShare);
      ASSERT_EQ(weight.images.size(), 4U);
      const at::Tensor by_size = of.abs().argsort(0, /*descending=*/true);
      for (std::size_t k = 0; k < 4; ++k) {
        const std::int64_t n = by_size[static_cast<std::int64_t>(k)].item<std::int64_t>();
        EXPECT_EQ(weight.images[k].image, 100 + n);
        EXPECT_EQ(weight.images[k].label, images.labels[n].item<std::int64_t>());
        EXPECT_NEAR(weight.images[k].kappa, of[n].item<double>(), tolerance::kFloatNetwork * scale);
        EXPECT_NEAR(weight.images[k].share, of[n].item<double>() / of.sum().item<double>(),
                    tolerance::kFloatShare);
      }
    }
  }
}

TEST(KappaByImage, SharesOfAllImagesAddUpToOne) {
  Network network = random_float_network(curved_spec(), 9);
  const DeviceImages images = random_images(network, 40, 10);  // several blocks of 16
  KappaRequest request;
  const KappaMap map = compute_kappa(network, images, request, [](std::int64_t) {});
  for (const LayerImages& layer :
       largest_by_image(network, images, request, map, {3, 1000}, [](std::int64_t) {})) {
    const LayerKappa& of = map.layer(layer.layer);
    for (const WeightImages& weight : layer.weights) {
      double sum = 0;
      for (const ImageShare& image : weight.images) sum += image.share;
      EXPECT_NEAR(sum, 1, tolerance::kDoubleSum) << layer.layer;
      EXPECT_NEAR(weight.kappa / of.kappa(weight.weight), 1, tolerance::kFloatCurvature)
          << layer.layer;
      EXPECT_GE(weight.effective_images, 1);
      EXPECT_LE(weight.effective_images, 40);
    }
  }
}

TEST(KappaByImage, TakesNoEstimate) {
  Network network = random_float_network(curved_spec(), 9);
  const DeviceImages images = random_images(network, 2, 10);
  KappaRequest request;
  request.method = CurvatureMethod::sampled_residual;
  EXPECT_THROW(largest_by_image(network, images, request, {}, {}, [](std::int64_t) {}), Error);
}

}  // namespace
}  // namespace varphase
