// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/train/schedule.hpp"

#include <map>

#include <gtest/gtest.h>

#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

TrainConfig eight_epochs(const std::string& schedule) {
  TrainConfig config;
  config.epochs = 8;
  config.learning_rate = 0.5;
  config.schedule = schedule;
  config.step_size = 3;
  config.gamma = 0.1;
  return config;
}

// By hand; step and cosine as torch.optim.lr_scheduler's StepLR(step_size=3, gamma=0.1) and
// CosineAnnealingLR(T_max=8) give them.
const std::map<std::string, std::vector<double>> kShares{
    {"linear", {1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125}},
    {"constant", {1, 1, 1, 1, 1, 1, 1, 1}},
    {"step", {1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01}},
    {"cosine",
     {1, 0.9619397662556434, 0.8535533905932737, 0.6913417161825449, 0.5, 0.3086582838174551,
      0.14644660940672627, 0.03806023374435663}}};

// A hold of a quarter: two epochs at 1, then the schedule over the six that are left.
const std::map<std::string, std::vector<double>> kHeldShares{
    {"linear", {1, 1, 1, 5.0 / 6, 4.0 / 6, 3.0 / 6, 2.0 / 6, 1.0 / 6}},
    {"constant", {1, 1, 1, 1, 1, 1, 1, 1}},
    {"step", {1, 1, 1, 1, 1, 0.1, 0.1, 0.1}},
    {"cosine", {1, 1, 1, 0.9330127018922193, 0.75, 0.5, 0.25, 0.0669872981077807}}};

TEST(EverySchedule, GivesTheRatesOfItsDefinition) {
  for (const std::string& name : schedules().names()) {
    ASSERT_TRUE(kShares.contains(name)) << name << " has no reference";
    TrainConfig config = eight_epochs(name);
    for (std::int64_t e = 0; e < config.epochs; ++e) {
      const LearningRates rates = learning_rates(config, e);
      const double wanted = 0.5 * kShares.at(name)[static_cast<std::size_t>(e)];
      EXPECT_NEAR(rates.weights, wanted, tolerance::kDoubleOperation) << name << ' ' << e;
      EXPECT_NEAR(rates.variances, wanted, tolerance::kDoubleOperation) << name << ' ' << e;
    }
    config.log_alpha_rate = 30;
    config.log_alpha_hold = 0.25;
    for (std::int64_t e = 0; e < config.epochs; ++e) {
      const auto at = static_cast<std::size_t>(e);
      const LearningRates rates = learning_rates(config, e);
      EXPECT_NEAR(rates.weights, 0.5 * kShares.at(name)[at], tolerance::kDoubleOperation)
          << name << ' ' << e;
      EXPECT_NEAR(rates.variances, 15 * kHeldShares.at(name)[at], tolerance::kDoubleFormula)
          << name << ' ' << e;
    }
  }
}

TEST(EverySchedule, IsAChoiceOfTheConfiguration) {
  TrainConfig config;
  std::vector<std::string> choices;
  config.visit_fields([&](const std::string& name, auto&, const FieldInfo& info) {
    if (name == "schedule") choices = info.choices;
  });
  EXPECT_EQ(choices, schedules().names());
}

TEST(Schedule, StepBeginsAfterAHoldThatDoesNotDivideTheEpochs) {
  TrainConfig config = eight_epochs("step");
  config.epochs = 100;
  config.log_alpha_hold = 0.07;  // 7.000000000000001 epochs in float64
  config.step_size = 1;
  EXPECT_DOUBLE_EQ(learning_rates(config, 7).variances, 0.5);
  EXPECT_DOUBLE_EQ(learning_rates(config, 8).variances, 0.05);
}

TEST(KlWeight, StartsAndRisesByEpoch) {
  TrainConfig config;
  config.kl_weight = 0.8;
  EXPECT_EQ(kl_weight(config, 0), 0.8);
  config.kl_warmup = 4;
  config.kl_start = 2;
  const std::vector<double> wanted{0, 0, 0, 0.2, 0.4, 0.6, 0.8, 0.8};
  for (std::size_t e = 0; e < wanted.size(); ++e)
    EXPECT_NEAR(kl_weight(config, static_cast<std::int64_t>(e)), wanted[e],
                tolerance::kDoubleOperation)
        << e;
  config.kl_warmup = 0;
  EXPECT_EQ(kl_weight(config, 1), 0);
  EXPECT_EQ(kl_weight(config, 2), 0.8);
}

TEST(PruneSparsity, RisesAsZhuAndGuptaHaveIt) {
  TrainConfig config;
  config.epochs = 12;
  EXPECT_FALSE(prunes_after(config, 12));  // off by default
  config.prune_sparsity = 0.8;
  config.prune_begin = 2;
  config.prune_end = 10;
  config.prune_every = 3;
  for (std::int64_t e = 1; e <= 12; ++e)
    EXPECT_EQ(prunes_after(config, e), e == 5 || e == 8 || e == 10) << e;
  EXPECT_EQ(prune_sparsity(config, 2), 0);
  EXPECT_NEAR(prune_sparsity(config, 6), 0.8 * (1 - 0.125), tolerance::kDoubleOperation);
  EXPECT_NEAR(prune_sparsity(config, 8), 0.8 * (1 - 1.0 / 64), tolerance::kDoubleOperation);
  EXPECT_EQ(prune_sparsity(config, 10), 0.8);
  config.prune_end = 0;  // the last epoch
  EXPECT_TRUE(prunes_after(config, 12));
  EXPECT_EQ(prune_sparsity(config, 12), 0.8);
}

}  // namespace
}  // namespace varphase
