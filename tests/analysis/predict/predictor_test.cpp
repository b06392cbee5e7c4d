// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/predictor.hpp"

#include <ATen/core/grad_mode.h>

#include "tests/analysis/striped_network.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

TEST(Predictor, DrawsTheMasksOfADropoutNetwork) {
  Network network = network_of({{{"conv2d", {{"out", 4}}}},
                                "relu",
                                {{"dropout", 0.5}},
                                {{"dense", {{"out", 8}}}},
                                "relu",
                                {{"gaussian_dropout", 0.5}},
                                {{"dense", {{"out", 3}}}}});
  const DeviceImages images = striped_images();
  Predictor predictor(network, images, 4);
  constexpr std::int64_t members = 5;
  const at::NoGradGuard no_gradients;
  const at::Tensor x = slice_batch(images, 0, images.count()).images;
  EXPECT_TRUE(close(predictor.log_probabilities(Estimator::deterministic, 1),
                    at::log_softmax(network.forward(x, Forward{}), 1), tolerance::kFloatSteps));
  // Member by member through the whole network.
  at::Tensor p;
  for (std::int64_t k = 0; k < members; ++k) {
    const Forward how{Mode::sampled,
                      false,
                      {4, Stream::evaluation, 0, 2},
                      images.example,
                      at::full({1}, k, images.labels.options())};
    const at::Tensor one = at::softmax(network.forward(x, how), 1);
    if (k == 0) {
      EXPECT_TRUE(close(predictor.log_probabilities(Estimator::stochastic, 7), one.log(),
                        tolerance::kFloatGradient));
    }
    p = p.defined() ? p + one : one;
  }
  const at::Tensor ensemble = predictor.log_probabilities(Estimator::ensemble, members);
  EXPECT_TRUE(close(ensemble, (p / members).log(), tolerance::kFloatGradient));
  EXPECT_FALSE(close(ensemble, predictor.log_probabilities(Estimator::deterministic, 1),
                     tolerance::kClearlyOther));
}

}  // namespace
}  // namespace varphase
