// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <cmath>

#include <gtest/gtest.h>

#include "src/torch/numerics.hpp"
#include "src/train/schedule.hpp"
#include "src/train/training_checks.hpp"
#include "tests/support/small_training.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

TEST(Trainer, ResumedEqualsUninterruptedBitForBit) {
  const TrainConfig config = small_training();
  const Snapshot whole = trained(config, 4, 0);
  EXPECT_TRUE(same_arrays(whole, trained(config, 2, 2)));
  EXPECT_TRUE(same_arrays(whole, trained(config, 4, 0)));
  EXPECT_FALSE(same_arrays(whole, trained(config, 3, 0)));
  TrainConfig other = config;
  other.seed = 6;
  EXPECT_FALSE(same_arrays(whole, trained(other, 4, 0)));
}

TEST(Trainer, ResumedEqualsUninterruptedWithAugmentation) {
  TrainConfig config = small_training();
  ImageSet set = small_images();
  set.normalization = {{0.4}, {0.3}};
  const Snapshot plain = trained(config, 4, 0, small_network(), set);
  config.augment = "crop-flip";
  config.crop_padding = 2;
  const Snapshot whole = trained(config, 4, 0, small_network(), set);
  EXPECT_TRUE(same_arrays(whole, trained(config, 1, 3, small_network(), set)));
  EXPECT_FALSE(same_arrays(whole, plain));
}

TEST(Trainer, EveryOptimizerAndScheduleResumesBitForBit) {
  for (const std::string& optimizer : optimizers().names()) {
    for (const std::string& schedule : schedules().names()) {
      TrainConfig config = small_training();
      config.optimizer = optimizer;
      config.schedule = schedule;
      config.step_size = 1;
      config.weight_decay = 1e-3;
      config.kl_start = 1;
      config.kl_warmup = 2;
      EXPECT_TRUE(same_arrays(trained(config, 4, 0), trained(config, 2, 2)))
          << optimizer << ' ' << schedule;
    }
  }
}

/// Of the last epoch, in nats over the images, one draw each.
double final_nll(const TrainConfig& config) {
  set_numerics(true, false);
  const DeviceImages images = to_device(small_images(), Split::train, test_device());
  Network network(small_network());
  network.initialize(5);
  network.to(test_device());
  Trainer trainer(network, images, config);
  run_epochs(trainer, config.epochs - 1);
  return run_epochs(trainer, 1).nll;
}

TEST(Trainer, EveryOptimizerLearns) {
  for (const std::string& optimizer : optimizers().names()) {
    TrainConfig config = small_training();
    config.epochs = 40;
    config.optimizer = optimizer;
    config.kl_weight = 0;
    config.learning_rate = optimizer == "sgd" ? 0.05 : 0.01;
    EXPECT_LT(final_nll(config), 0.5 * 40 * std::log(3.0)) << optimizer;
  }
}

TEST(Trainer, EveryPrecisionResumesBitForBitAndLearnsAlike) {
  TrainConfig config = small_training();
  config.epochs = 40;
  config.learning_rate = 0.01;
  config.precision = "float32";
  const double exact = final_nll(config);
  for (const std::string precision : {"float32", "tf32", "bf16"}) {
    config.precision = precision;
    // bfloat16 keeps 8 bits: 40 epochs end near each other, not equal.
    EXPECT_NEAR(final_nll(config), exact, tolerance::kLearnsAlike * exact + 1) << precision;
    TrainConfig short_one = config;
    short_one.epochs = 4;
    EXPECT_TRUE(same_arrays(trained(short_one, 4, 0), trained(short_one, 2, 2))) << precision;
  }
  config.epochs = 1;
  config.precision = "float32";
  const Snapshot whole = trained(config, 1, 0);
  config.precision = "bf16";
  EXPECT_FALSE(same_arrays(whole, trained(config, 1, 0))) << "bf16 changed nothing";
}

TEST(Trainer, Bfloat16StaysWithinItsRoundingInOneStep) {
  TrainConfig config = small_training();
  config.batch_size = 40;
  config.epochs = 1;
  config.learning_rate = 0;
  config.precision = "float32";
  const double exact = final_nll(config);
  config.precision = "bf16";
  const double rounded = final_nll(config);
  EXPECT_NE(rounded, exact);
  EXPECT_NEAR(rounded, exact,
              tolerance::kBfloat16Step * exact);  // a few products, each input rounded to 2^-9
}

double log_alpha_after(TrainConfig config) {
  const Snapshot end = trained(config, config.epochs, 0);
  for (const Array& array : end.parameters) {
    if (array.name == "dense1/log_alpha") return static_cast<double>(array.as<float>()[0]);
  }
  return std::nan("");
}

TEST(Trainer, LogAlphaStaysUnderItsLargest) {
  TrainConfig config = small_training();
  config.log_alpha_rate = 1000;
  EXPECT_GT(log_alpha_after(config), -3);
  config.log_alpha_max = -3;
  EXPECT_EQ(log_alpha_after(config), -3);
}

void refused(const TrainConfig& config, const std::string& words) {
  try {
    check_training(config, 40);
    check_log_alpha_max(config, Network(small_network()));
    FAIL() << "accepted: " << words;
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(ErrorKind::usage));
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
  }
}

TEST(Trainer, SaysWhatContradicts) {
  TrainConfig config = small_training();
  config.batch_size = 41;
  refused(config, "train.batch_size 41 is more than the 40");
  config = small_training();
  config.optimizer = "sgd";
  config.momentum = 0;
  config.nesterov = true;
  refused(config, "train.nesterov wants train.momentum over 0");
  config = small_training();
  config.log_alpha_max = -6;
  refused(config, "dense1 begins with log alpha -5, over train.log_alpha_max -6");
}

}  // namespace
}  // namespace varphase
