// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/image_prediction.hpp"

#include <cmath>
#include <limits>

#include <ATen/core/grad_mode.h>

#include "src/base/error.hpp"
#include "src/torch/kernel_arguments.hpp"
#include "tests/support/device.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/small_training.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

TEST(ImagePredictions, MeetTheGoldenNumbers) {
  const Json& g = golden()["metrics"];
  const at::Tensor log_p = at::log_softmax(golden_tensor(g["logits"]), 2);  // [K, N, C]
  const at::Tensor p = log_p.exp();
  const Prediction prediction{p.mean(0).log(), -(p * log_p).sum(2).mean(0)};
  const ImagePredictions got = image_predictions(prediction);
  ASSERT_EQ(got.count(), 8);
  for (std::size_t n = 0; n < 8; ++n) {
    EXPECT_NEAR(got.entropy[n], g["entropy"][n].get<double>(), tolerance::kDoubleSum);
    EXPECT_NEAR(got.mutual_information[n], g["mutual_information"][n].get<double>(),
                tolerance::kDoubleSum);
    double sum = 0, largest = -1;
    std::int64_t label = -1;
    for (std::size_t c = 0; c < 4; ++c) {
      const double own = g["p_mean"][n][c].get<double>();
      EXPECT_NEAR(got.probability[4 * n + c], own, tolerance::kDoubleSum);
      sum += got.probability[4 * n + c];
      if (own > largest) {
        largest = own;
        label = static_cast<std::int64_t>(c);
      }
    }
    EXPECT_NEAR(sum, 1, tolerance::kDoubleSteps);
    EXPECT_EQ(got.label[n], label);
  }
}

TEST(ImagePredictions, TiesGoToTheLowestClassAndNothingIsNegative) {
  const at::Tensor p = at::tensor({0.25, 0.25, 0.25, 0.25, 0.0, 0.5, 0.5, 0.0}, at::kDouble);
  // Entropies of members that rounding has put over the ensemble's.
  const ImagePredictions got = image_predictions(
      {p.reshape({2, 4}).log(), at::tensor({std::log(4.0) + 1e-7, 0.0}, at::kDouble)});
  EXPECT_EQ(got.label, (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(got.mutual_information[0], 0);
  EXPECT_NEAR(got.entropy[1], std::log(2.0), tolerance::kDoubleOperation);
  EXPECT_NEAR(got.mutual_information[1], std::log(2.0), tolerance::kDoubleOperation);
}

TEST(ImagePredictions, OneMemberDisagreesWithNobody) {
  const ImagePredictions got = image_predictions({at::log_softmax(at::randn({5, 3}), 1), {}});
  EXPECT_EQ(got.mutual_information, std::vector<double>(5, 0.0));
  EXPECT_GT(got.entropy.front(), 0);
}

TEST(ImagePredictions, RefuseWhatIsNotFinite) {
  at::Tensor log_p = at::zeros({2, 3});
  log_p[1][2] = std::numeric_limits<float>::quiet_NaN();
  try {
    image_predictions({log_p, at::zeros({2})});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::numeric);
  }
}

/// Every member by a pass of its own, in float64 from its logits on.
Prediction member_by_member(Network& network, const DeviceImages& images, std::uint64_t seed,
                            std::int64_t members, Mode mode) {
  const at::NoGradGuard no_gradients;
  const ImageBatch batch = slice_batch(images, 0, images.count());
  at::Tensor p, entropy;
  for (std::int64_t k = 0; k < members; ++k) {
    const Forward how{mode,
                      false,
                      {seed, Stream::evaluation, 0, static_cast<std::uint8_t>(images.split)},
                      batch.example,
                      at::full({1}, k, images.labels.options())};
    const at::Tensor log_p = at::log_softmax(network.forward(batch.images, how).to(at::kDouble), 1);
    const at::Tensor own = -(log_p.exp() * log_p).sum(1);
    p = k == 0 ? log_p.exp() : p + log_p.exp();
    entropy = k == 0 ? own : entropy + own;
  }
  return {(p / static_cast<double>(members)).log(), entropy / static_cast<double>(members)};
}

TEST(Predictor, MembersEntropiesMeetPassesOfTheirOwn) {
  use_torch_threads();
  Json deeper = small_network();  // no simple head: the general path
  deeper["layers"].insert(deeper["layers"].end() - 1,
                          {{{"variance_dense", {{"out", 5}, {"log_alpha", 0}}}}, "relu"});
  Json simple = small_network();
  simple["layers"][4]["variance_dense"]["log_alpha"] = 1;
  for (const Json& spec : {simple, deeper}) {
    Network network(spec);
    network.initialize(7);
    network.to(test_device());
    const DeviceImages images = to_device(small_images(), Split::test, test_device());
    Predictor predictor(network, images, 3);
    for (const auto& [estimator, mode] : {std::pair{Estimator::ensemble, Mode::sampled},
                                          std::pair{Estimator::zero_mean, Mode::zero_mean},
                                          std::pair{Estimator::stochastic, Mode::sampled},
                                          std::pair{Estimator::deterministic, Mode::mean}}) {
      const bool many = estimator == Estimator::ensemble || estimator == Estimator::zero_mean;
      const Prediction got = predictor.predict(estimator, 9);
      const Prediction wanted = member_by_member(network, images, 3, many ? 9 : 1, mode);
      EXPECT_TRUE(close(got.log_p.exp(), wanted.log_p.exp(), tolerance::kFloatLayer))
          << estimator_name(estimator);
      ASSERT_EQ(got.member_entropy.defined(), many) << estimator_name(estimator);
      if (many) {
        EXPECT_TRUE(close(got.member_entropy, wanted.member_entropy, tolerance::kFloatLongSum))
            << estimator_name(estimator);
      }
      EXPECT_TRUE(at::equal(got.log_p, predictor.log_probabilities(estimator, 9)));
    }
  }
}

TEST(Predictor, TellsOfItsImagesInPartsThatChangeNothing) {
  use_torch_threads();
  Network network(small_network());
  network.initialize(7);
  network.to(test_device());
  const DeviceImages few = to_device(small_images(), Split::test, test_device());
  const at::Tensor places = at::arange(160, few.labels.options());
  DeviceImages images = select_images(few, places.remainder(40));
  images.example = places;
  constexpr std::int64_t members = 5000;  // so many that a CPU takes the images in parts
  Predictor predictor(network, images, 3);
  std::int64_t told = 0, times = 0;
  predictor.on_advance([&](std::int64_t n) {
    told += n;
    ++times;
  });
  const Prediction all = predictor.predict(Estimator::ensemble, members);
  EXPECT_EQ(told, 160);
  if (!test_device().is_cuda()) {
    EXPECT_EQ(times, 3);
  }
  const DeviceImages middle = select_images(images, places.narrow(0, 50, 30));  // over a seam
  const Prediction some = Predictor(network, middle, 3).predict(Estimator::ensemble, members);
  EXPECT_TRUE(close(all.log_p.narrow(0, 50, 30), some.log_p, tolerance::kFloatSteps));
  EXPECT_TRUE(
      close(all.member_entropy.narrow(0, 50, 30), some.member_entropy, tolerance::kFloatSteps));
  for (const Estimator estimator : kEstimators) predictor.predict(estimator, 2);
  EXPECT_EQ(told, 5 * 160);
}

TEST(Predictor, KnowsItsEstimatorsByName) {
  for (const Estimator estimator : kEstimators)
    EXPECT_EQ(estimator_from_name(estimator_name(estimator)), estimator);
  EXPECT_EQ(estimator_from_name("zero-mean"), Estimator::zero_mean);
  EXPECT_THROW(estimator_from_name("ensembel"), Error);
}

}  // namespace
}  // namespace varphase
