// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/robustness/sanity.hpp"

#include <map>

#include "tests/analysis/robustness/float_images.hpp"
#include "tests/analysis/robustness/reference_gradient.hpp"

namespace varphase {
namespace {

/// A network of one dense layer that knows the striped images, as softmax regression learns them.
Network learned(const DeviceImages& images, const Json& layers) {
  Network network = made(layers, false);
  at::Tensor& weight = *network.parameters()[0].parameter.tensor;
  const at::Tensor x = network_input(images, images.pixels).flatten(1);
  const at::Tensor y = at::one_hot(images.labels, 3);
  weight.zero_();
  for (int step = 0; step < 400; ++step)
    weight = weight - 0.05 * (at::softmax(x.matmul(weight.t()), 1) - y).t().matmul(x);
  return network;
}

class SanityOf : public testing::Test {
 protected:
  SanityOf() {
    request_.epsilon = 12;
    set_defaults(request_);
  }

  std::map<std::string, SanityCheck> checks(Network& network) {
    std::int64_t done = 0;
    std::map<std::string, SanityCheck> found;
    for (const SanityCheck& check : sanity_checks({{&network, {}, {}}}, images_, request_, {},
                                                  [&](std::int64_t n) { done += n; }))
      found[check.name] = check;
    EXPECT_EQ(done, sanity_image_steps(request_, images_.count()));
    EXPECT_EQ(found.size(), 5U);
    return found;
  }

  DeviceImages images_ = float_images();
  AttackRequest request_;
  const Json plain_{{{"dense", {{"out", 3}, {"bias", false}}}}};
};

TEST_F(SanityOf, AnHonestNetworkPasses) {
  Network network = learned(images_, plain_);
  for (const AttackMethod method :
       {AttackMethod::fgsm, AttackMethod::ifgsm, AttackMethod::pgd_linf, AttackMethod::pgd_l2}) {
    request_.method = method;
    request_.epsilon = method == AttackMethod::pgd_l2 ? 60 : 12;
    request_.steps = 10;
    set_defaults(request_);
    for (const auto& [name, check] : checks(network))
      EXPECT_TRUE(check.passed) << attack_methods().name(method) << ", " << name << ": "
                                << check.found;
  }
}

TEST_F(SanityOf, ASaturatedSoftmaxIsFlagged) {
  Network network = learned(images_, plain_);
  at::Tensor& weight = *network.parameters()[0].parameter.tensor;
  weight = weight * 1e4;
  std::map<std::string, SanityCheck> found = checks(network);
  EXPECT_FALSE(found["gradient"].passed) << found["gradient"].found;
  EXPECT_FALSE(found["unbounded"].passed) << found["unbounded"].found;
}

TEST_F(SanityOf, AnAttackTowardsATargetPasses) {
  Network network = learned(images_, plain_);
  request_.target = attack_target("next");
  for (const auto& [name, check] : checks(network))
    EXPECT_TRUE(check.passed) << name << ": " << check.found;
}

}  // namespace
}  // namespace varphase
