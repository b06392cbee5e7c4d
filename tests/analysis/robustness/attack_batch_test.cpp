// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/robustness/attack_batch.hpp"

#include <set>

#include <gmock/gmock.h>

#include "analysis/robustness/random_start.hpp"
#include "tests/analysis/robustness/float_images.hpp"
#include "tests/analysis/robustness/reference_gradient.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

class AttackBatch : public testing::Test {
 protected:
  AttackBatch() {
    request_.epsilon = 30;
    request_.steps = 4;
    request_.samples = 3;
    set_defaults(request_);
    judging_.members = 5;
    judging_.keep_pixels = true;
  }

  AttackOutcome run(const DeviceImages& images) {
    std::int64_t steps = 0;
    AttackOutcome outcome = attack_batch(models_, {models_, other_models_}, images, request_,
                                         judging_, [&] { ++steps; });
    EXPECT_EQ(steps, request_.steps * request_.restarts);
    return outcome;
  }
  at::Tensor pixels_of(const AttackOutcome& outcome) const {
    return at::tensor(outcome.pixels).reshape({outcome.count(), -1});
  }

  Network network_ = made(networks_with("relu")[0], false);
  Network other_ = made(networks_with("softplus")[0], false);
  ImageModels models_{{&network_, {}, {}}}, other_models_{{&other_, {}, {}}};
  DeviceImages images_ = striped_images();
  AttackRequest request_;
  JudgeRequest judging_;
};

TEST_F(AttackBatch, IsJudgedByDrawsOfItsOwn) {
  const AttackOutcome outcome = run(images_);
  EXPECT_THAT(outcome.judged_steps, testing::ElementsAre(0, 1, 2, 3, 4));
  ASSERT_EQ(outcome.judges.size(), 2U);
  DeviceImages moved = images_;
  moved.pixels = pixels_of(outcome).to(images_.pixels.device());
  std::size_t judge = 0;
  for (Network* network : {&network_, &other_}) {
    // The mean of the members' probabilities, member by member.
    at::Tensor p;
    for (std::int64_t k = 0; k < 5; ++k) {
      const Forward how{Mode::sampled,
                        false,
                        {1, Stream::attack_judge, 0, 2},
                        images_.example,
                        at::full({1}, 4 * 5 + k, images_.labels.options())};
      const at::Tensor own =
          at::softmax(network->forward(network_input(moved, moved.pixels), how).to(at::kDouble),
                      1) /
          5;
      p = p.defined() ? p + own : own;
    }
    p = p.to(at::kCPU);
    const at::Tensor entropy = -(p * p.log()).sum(1);
    for (std::int64_t n = 0; n < 12; ++n) {
      const auto place = static_cast<std::size_t>(n * 5 + 4);
      EXPECT_EQ(outcome.judges[judge].predicted[place], p[n].argmax().item<std::int64_t>());
      EXPECT_NEAR(outcome.judges[judge].entropy[place], entropy[n].item<double>(),
                  tolerance::kFloatNetwork);
      EXPECT_EQ(outcome.succeeds(judge, static_cast<std::size_t>(n), 4),
                p[n].argmax().item<std::int64_t>() != n % 3);
    }
    ++judge;
  }
}

TEST_F(AttackBatch, SaysHowFarImagesWereMovedAndTheirLoss) {
  const AttackOutcome outcome = run(images_);
  const at::Tensor far = pixels_of(outcome) - images_.pixels.to(at::kCPU, at::kFloat);
  EXPECT_TRUE(close(at::tensor(outcome.linf), far.abs().amax(1), tolerance::kFloatSteps));
  EXPECT_TRUE(close(at::tensor(outcome.l2), far.norm(2, {1}), tolerance::kFloatSteps));
  // Along a gradient of few samples the mean loss rises all the same.
  const at::Tensor loss = at::tensor(outcome.loss).reshape({12, 5}).mean(0);
  EXPECT_GT(loss[4].item<double>(), loss[0].item<double>());
}

TEST_F(AttackBatch, OfSeveralStartsTheBestByTheAttacksDrawsIsKept) {
  request_.restarts = 3;
  const AttackOutcome all = run(images_);
  EXPECT_GT(std::set(all.restart.begin(), all.restart.end()).size(), 1U);
  const at::Tensor aim = images_.labels;
  for (std::int64_t restart = 0; restart < 3; ++restart) {
    const AttackedImages own =
        attack(models_, images_, aim, request_, restart, [](std::int64_t, const DeviceImages&) {});
    for (std::size_t n = 0; n < 12; ++n) {
      if (all.restart[n] != restart) continue;
      const auto row = static_cast<std::int64_t>(n);
      EXPECT_TRUE(pixels_of(all)[row].equal(own.pixels[row].to(at::kCPU)));
      EXPECT_EQ(all.loss[n * 5 + 2], own.loss[2][row].item<float>());
    }
  }
}

TEST_F(AttackBatch, ImagesInPiecesAreTheWhole) {
  request_.target = attack_target("next");
  const AttackOutcome whole = run(images_);
  AttackOutcome pieces;
  for (const std::int64_t first : {0, 5}) {
    const at::Tensor some = at::arange(first, first == 0 ? 5 : 12, images_.labels.options());
    pieces.append(run(select_images(images_, some)));
  }
  EXPECT_EQ(pieces.image, whole.image);
  EXPECT_EQ(pieces.aim, whole.aim);
  EXPECT_EQ(pieces.judges[1].predicted, whole.judges[1].predicted);
  EXPECT_TRUE(close(pixels_of(pieces), pixels_of(whole), tolerance::kFloatSteps));
  AttackOutcome other = whole;
  other.steps = 9;
  EXPECT_THROW(pieces.append(other), Error);
}

TEST_F(AttackBatch, ComesBackFromItsFileAsItWas) {
  const AttackOutcome outcome = run(images_);
  const Document document = to_document(outcome, {{"seed", std::int64_t{1}}});
  EXPECT_EQ(document.integer("seed"), 1);
  const AttackOutcome again = outcome_from_document(document, "x.h5");
  EXPECT_EQ(again.judged_steps, outcome.judged_steps);
  EXPECT_EQ(again.loss, outcome.loss);
  EXPECT_EQ(again.pixels, outcome.pixels);
  EXPECT_EQ(again.shape, outcome.shape);
  EXPECT_EQ(again.judges[1].entropy, outcome.judges[1].entropy);
  EXPECT_EQ(again.judges[1].predicted, outcome.judges[1].predicted);
  Document damaged = document;
  std::erase_if(damaged.arrays,
                [](const Array& array) { return array.name == "judges/01/entropy"; });
  EXPECT_THROW(outcome_from_document(damaged, "x.h5"), Error);
  damaged = document;
  damaged.arrays[1].shape = {3, 4};
  EXPECT_THROW(outcome_from_document(damaged, "x.h5"), Error);
}

TEST(JudgedPoints, AreTheFirstAndTheLastAtLeast) {
  EXPECT_THAT(judged_points(5, 2), testing::ElementsAre(0, 2, 4, 5));
  EXPECT_THAT(judged_points(4, 2), testing::ElementsAre(0, 2, 4));
  EXPECT_THAT(judged_points(1, 1), testing::ElementsAre(0, 1));
  EXPECT_THAT(judged_points(7, 0), testing::ElementsAre(0, 7));
}

TEST_F(AttackBatch, SeveralNetworksAreAttackedAsTheirMean) {
  ImageModels both{models_[0], other_models_[0]};
  const AttackOutcome outcome = attack_batch(both, {both}, images_, request_, judging_, [] {});
  const AttackOutcome one = run(images_);
  EXPECT_FALSE(close(pixels_of(outcome), pixels_of(one), tolerance::kClearlyOther));
  const JudgeDraws draws{Estimator::ensemble, 5, 1, Stream::attack_judge, 0};
  JudgeDraws second = draws;
  second.seed = 2;
  DeviceImages begin = images_;
  begin.pixels = random_start(images_, request_, 0);
  const at::Tensor p = (judged_log_probabilities(models_, begin, draws).exp() +
                        judged_log_probabilities(other_models_, begin, second).exp()) /
                       2;
  for (std::int64_t n = 0; n < 12; ++n)
    EXPECT_EQ(outcome.judges[0].predicted[static_cast<std::size_t>(5 * n)],
              p[n].argmax().item<std::int64_t>());
}

}  // namespace
}  // namespace varphase
