// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <map>

#include "analysis/kappa/compute_kappa.hpp"
#include "analysis/kappa/map_sum.hpp"
#include "tests/analysis/curvature/random_images.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

at::Tensor curvature_of(const LayerKappa& layer) {
  return at::tensor(layer.hessian_diagonal).view(layer.shape);
}

// Entries are float32 sums of both signs.
/// The network's closed form, a general pass, and layers without variances.
struct MapsByClass {
  MapsByClass() : network(random_float_network(curved_spec(), 5)) {
    images = random_images(network, 24, 6);
    request.layers = {"all"};
    for (std::int64_t label = 0; label < network.classes(); ++label) {
      parts.push_back(select_images(images, (images.labels == label).nonzero().flatten()));
      maps.push_back(compute_kappa(network, parts.back(), request, [](std::int64_t) {}));
    }
  }
  /// One double backward pass in float64 for each weight.
  at::Tensor reference(const std::string& layer, const DeviceImages& of) {
    Network twin = random_float_network(curved_spec(), 5);
    twin.to(at::kDouble);
    const at::Tensor x = slice_batch(of, 0, of.count()).images.to(at::kDouble);
    return reference_diagonal(twin, layer, x, of.labels).hessian;
  }

  Network network;
  DeviceImages images;
  KappaRequest request;
  std::vector<DeviceImages> parts;
  std::vector<KappaMap> maps;
};

TEST(KappaByClass, IsTheCurvatureOfTheClassAloneAndAddsUpToTheWhole) {
  MapsByClass of;
  std::map<std::string, at::Tensor> wanted;  // by layer, of all classes
  MapSum sum;
  for (std::size_t c = 0; c < of.maps.size(); ++c) {
    KappaMap& map = of.maps[c];
    ASSERT_GT(of.parts[c].count(), 3);
    EXPECT_EQ(map.images, of.parts[c].count());
    EXPECT_EQ(map.layers[1].method, "closed form");
    for (const auto* layers : {&map.layers, &map.plain_layers}) {
      for (const LayerKappa& layer : *layers) {
        const at::Tensor alone = of.reference(layer.layer, of.parts[c]);
        EXPECT_TRUE(close(curvature_of(layer), alone, tolerance::kFloatParts))
            << layer.layer << " of class " << c;
        at::Tensor& whole = wanted[layer.layer];
        whole = whole.defined() ? whole + alone : alone;
      }
    }
    map.label = static_cast<std::int64_t>(c);
    sum.add(map);
  }
  const KappaMap whole = sum.take();
  EXPECT_EQ(whole.images, of.images.count());
  EXPECT_FALSE(whole.label);
  const KappaMap at_once = compute_kappa(of.network, of.images, of.request, [](std::int64_t) {});
  for (std::size_t l = 0; l < whole.layers.size(); ++l) {
    EXPECT_TRUE(close(curvature_of(whole.layers[l]), wanted.at(whole.layers[l].layer),
                      tolerance::kFloatParts));
    EXPECT_TRUE(close(curvature_of(whole.layers[l]), curvature_of(at_once.layers[l]),
                      tolerance::kFloatGradient));
    EXPECT_EQ(whole.layers[l].variance, at_once.layers[l].variance);
  }
  for (const LayerKappa& layer : whole.plain_layers)
    EXPECT_TRUE(close(curvature_of(layer), wanted.at(layer.layer), tolerance::kFloatParts));
}

TEST(KappaByClass, EstimatesOfTheClassesAreThoseOfTheWhole) {
  // An image's signs are its own, whatever else is in the pass.
  MapsByClass of;
  of.request.method = CurvatureMethod::sampled_residual;
  MapSum sum;
  for (const DeviceImages& part : of.parts)
    sum.add(compute_kappa(of.network, part, of.request, [](std::int64_t) {}));
  const KappaMap total = sum.take(),
                 whole = compute_kappa(of.network, of.images, of.request, [](std::int64_t) {});
  EXPECT_TRUE(close(curvature_of(total.layers[0]), curvature_of(whole.layers[0]),
                    tolerance::kFloatGradient));
  EXPECT_GT(total.layers[0].standard_error[0], 0);
}

TEST(MapSum, RefusesMapsOfOtherLayers) {
  KappaMap one, other;
  one.layers = {{"conv1", {1, 2}, {1, 2}, {1, 1}}};
  other.layers = {{"conv2", {1, 2}, {1, 2}, {1, 1}}};
  MapSum sum;
  sum.add(one);
  EXPECT_THROW(sum.add(other), Error);
  other.layers.clear();
  EXPECT_THROW(sum.add(other), Error);
  EXPECT_EQ(sum.take().layers[0].hessian_diagonal, (std::vector<float>{1, 2}));
}

}  // namespace
}  // namespace varphase
