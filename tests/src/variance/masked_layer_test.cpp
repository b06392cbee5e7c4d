// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <map>

#include <gmock/gmock.h>

#include "tests/src/variance/every_layer.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

at::Tensor some_kept(const VarianceLayer& layer) {
  at::manual_seed(12);
  at::Tensor kept = at::rand(layer.mean().sizes()) < 0.4;
  kept[1].fill_(false);  // an output that nothing reaches
  return kept;
}

/// With the mask by rule zero (drop) or by rule mean (set_mask).
Made masked(const Combination& one, bool zero) {
  Made made = make(one);
  const at::Tensor kept = some_kept(*made.variance).to(test_device());
  if (zero) {
    made.variance->drop(kept);
  } else {
    made.variance->set_mask(kept);
  }
  return made;
}

TEST(MaskedVarianceLayer, HasTheLossAndGradientsOfFloat64Autograd) {
  for (const Combination& one : combinations(true)) {
    for (const bool zero : {true, false}) {
      const std::string what = one.name() + (zero ? " zero" : " mean");
      const Made made = masked(one, zero);
      const at::Tensor kept = made.variance->mask().to(at::kCPU);
      const at::Tensor x = images(one, 4);
      const at::Tensor own_x = x.clone().to(test_device()).requires_grad_(true);
      const Forward how = sampled(4, 2);
      const at::Tensor step = at::full({1}, 8, at::kLong).to(test_device());
      const at::Tensor b = made.layer->forward(own_x, how);
      at::manual_seed(7);
      const at::Tensor upstream = at::randn(b.sizes(), at::kDouble);
      const at::Tensor kl = made.variance->kl(how, step);
      const at::Tensor loss = (b * upstream.to(b.device(), at::kFloat)).sum() + kl * 0.7;
      loss.backward();

      // Multiplied by the mask, as the definition has it.
      std::map<std::string, at::Tensor> wide;
      for (const Parameter& parameter : made.layer->parameters())
        wide[parameter.name] =
            parameter.tensor->detach().to(at::kCPU, at::kDouble).requires_grad_(true);
      const at::Tensor theta = wide.count("log_alpha") > 0 ? wide["log_alpha"] : wide["log_sigma2"];
      const at::Tensor own = wide.count("mean") > 0 ? wide["mean"] : at::zeros_like(theta.detach());
      const at::Tensor keep = kept.to(at::kDouble);
      const at::Tensor mean = zero ? own * keep : own * keep + (own * (1 - keep)).detach();
      const at::Tensor variance = reference::variance(one.parameterization, own, theta) * keep;
      const at::Tensor wide_x = x.to(at::kDouble).requires_grad_(true);
      const at::Tensor v = apply(one, wide_x.pow(2), variance, std::nullopt);
      const at::Tensor sd = at::where(v.detach() > 0, v, at::ones_like(v)).add(1e-16).sqrt() *
                            (v.detach() > 0).to(at::kDouble);
      const at::Tensor wanted = apply(one, wide_x, mean, wide["bias"]) + noise_like(b, 2) * sd;
      const at::Tensor wanted_kl = reference_kl(one, own, theta, kept);
      ((wanted * upstream).sum() + wanted_kl * 0.7).backward();

      EXPECT_TRUE(close(b, wanted.detach(), tolerance::kFloatLayer)) << what;
      if (one.prior != "log_uniform_sampled") {
        EXPECT_NEAR(
            kl.item<double>(), wanted_kl.item<double>(),
            tolerance::kFloatLayer * std::abs(wanted_kl.item<double>()) + tolerance::kDoubleSum)
            << what;
      }
      EXPECT_TRUE(close(own_x.grad(), wide_x.grad(), tolerance::kFloatGradient)) << what;
      for (const Parameter& parameter : made.layer->parameters()) {
        const at::Tensor gradient = parameter.tensor->grad().to(at::kCPU);
        EXPECT_TRUE(close(gradient, wide[parameter.name].grad(), tolerance::kFloatGradient))
            << what << " " << parameter.name;
        if (gradient.sizes() != kept.sizes()) continue;
        EXPECT_TRUE((gradient.masked_select(kept.logical_not()) == 0).all().item<bool>())
            << what << " " << parameter.name;
      }
    }
  }
}

TEST(MaskedVarianceLayer, TellsEffectiveWeights) {
  for (const Combination& one : without_priors()) {
    const at::Tensor full_mean = make(one).variance->mean().detach().clone();
    const at::Tensor full_variance = make(one).variance->weight_variance().detach().clone();
    for (const bool zero : {true, false}) {
      const Made made = masked(one, zero);
      const at::Tensor keep = made.variance->mask().to(at::kFloat);
      EXPECT_TRUE(at::equal(made.variance->effective_mean(), zero ? full_mean * keep : full_mean))
          << one.name();
      EXPECT_TRUE(at::equal(made.variance->effective_variance(), full_variance * keep))
          << one.name();
    }
  }
}

TEST(MaskedVarianceLayer, DropsMoreAndNeverTakesBack) {
  const Made made = make({"variance_dense", "layer", "log_uniform"});
  VarianceLayer& layer = *made.variance;
  const at::Tensor all = at::ones(layer.mean().sizes(), at::kBool).to(test_device());
  at::Tensor first = all.clone(), second = all.clone();
  first[0].fill_(false);
  second[2].fill_(false);
  layer.set_mask(all);
  const void* place = layer.mask().data_ptr();
  layer.drop(first);
  layer.drop(second);
  EXPECT_EQ(layer.mask().data_ptr(), place);  // a captured step reads it there
  EXPECT_TRUE(at::equal(layer.mask(), first.logical_and(second)));
  EXPECT_TRUE((layer.mean()[0] == 0).all().item<bool>());
  EXPECT_TRUE((layer.mean()[2] == 0).all().item<bool>());
  EXPECT_FALSE((layer.mean()[1] == 0).any().item<bool>());
  layer.set_mask({});
  EXPECT_FALSE(layer.mask().defined());
}

TEST(MaskedVarianceLayer, RefusesAMaskOfAnotherShape) {
  const Made made = make({"variance_dense", "layer", "log_uniform"});
  for (const at::Tensor& wrong :
       {at::ones({7, 6}, at::kBool), at::ones(made.variance->mean().sizes(), at::kFloat)}) {
    try {
      made.variance->set_mask(wrong);
      FAIL() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::shape);
      EXPECT_THAT(error.what(), testing::HasSubstr("[6, 7]"));
    }
  }
}

TEST(EveryParameterization, FindsItsThetaAgain) {
  for (const Combination& one : without_priors()) {
    const Made made = make(one);
    const at::Tensor theta = made.variance->theta().detach();
    const at::Tensor mean = made.variance->mean().detach();
    const at::Tensor variance = made.variance->weight_variance().detach();
    const at::Tensor kept = some_kept(*made.variance).to(test_device());
    const at::Tensor other = at::full_like(theta, -3);
    const at::Tensor found =
        made.variance->parameterization().theta_of(mean, variance, kept, other);
    ASSERT_EQ(found.sizes(), theta.sizes()) << one.name();
    const at::Tensor again = made.variance->parameterization().variance(mean, found);
    const at::Tensor error = ((again - variance).abs() / variance).masked_select(kept);
    EXPECT_LT(error.max().item<double>(), tolerance::kFloatInverse) << one.name();
    // Entries that stand for no kept weight are the given ones.
    const at::Tensor known = kept.to(at::kLong).sum_to_size(theta.sizes()) > 0;
    EXPECT_TRUE((found.masked_select(known.logical_not()) == -3).all().item<bool>()) << one.name();
    EXPECT_TRUE(
        close(found.masked_select(known), theta.masked_select(known), tolerance::kFloatSteps))
        << one.name();
  }
}

}  // namespace
}  // namespace varphase
