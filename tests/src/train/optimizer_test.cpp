// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/train/optimizer.hpp"

#include <cmath>
#include <map>

#include <ATen/core/grad_mode.h>

#include "tests/support/device.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

constexpr double kRate = 0.02;
constexpr double kVarianceRate = 0.05;
constexpr int kSteps = 7;

/// One weight's path in float64, written from the optimizer's definition.
using Reference = double (*)(const TrainConfig& c, double w, const std::vector<double>& gradients,
                             double rate, double decay);

double adam(const TrainConfig& c, double w, const std::vector<double>& gradients, double rate,
            double decay) {
  double m = 0, v = 0;
  int t = 0;
  for (const double gradient : gradients) {
    ++t;
    const double g = gradient + decay * w;
    m = c.beta1 * m + (1 - c.beta1) * g;
    v = c.beta2 * v + (1 - c.beta2) * g * g;
    const double m_hat = m / (1 - std::pow(c.beta1, t));
    const double v_hat = v / (1 - std::pow(c.beta2, t));
    w -= rate * m_hat / (std::sqrt(v_hat) + c.epsilon);
  }
  return w;
}

double sgd(const TrainConfig& c, double w, const std::vector<double>& gradients, double rate,
           double decay) {
  double buffer = 0;
  bool first = true;
  for (const double gradient : gradients) {
    double g = gradient + decay * w;
    buffer = first ? g : c.momentum * buffer + g;
    first = false;
    if (c.momentum > 0) g = c.nesterov ? g + c.momentum * buffer : buffer;
    w -= rate * g;
  }
  return w;
}

const std::map<std::string, Reference> kReferences{{"adam", adam}, {"sgd", sgd}};

/// dense1 has more entries than one piece of the GPU's kernels takes.
Network two_layers() {
  Network network(Json::parse(R"({"input": [1, 1, 50], "classes": 4, "layers": [
    {"variance_dense": {"out": 401}}, "relu", {"dense": {"out": 4}}]})"));
  network.initialize(3);
  network.to(test_device());
  return network;
}

std::vector<TrainConfig> settings(const std::string& optimizer) {
  TrainConfig plain;
  plain.optimizer = optimizer;
  TrainConfig decayed = plain;
  decayed.weight_decay = 0.01;
  TrainConfig without = decayed;
  without.momentum = 0;
  TrainConfig nesterov = decayed;
  nesterov.nesterov = true;
  return {plain, decayed, without, nesterov};
}

/// Gradients of each step, of each parameter.
std::vector<std::vector<at::Tensor>> random_gradients(const Network& network) {
  at::manual_seed(4);
  std::vector<std::vector<at::Tensor>> steps(kSteps);
  for (auto& step : steps) {
    for (const auto& entry : network.parameters())
      step.push_back(at::randn(entry.parameter.tensor->sizes()).to(test_device()));
  }
  return steps;
}

TEST(EveryOptimizer, FollowsItsDefinitionInFloat64) {
  const at::NoGradGuard no_gradients;
  for (const std::string& name : optimizers().names()) {
    ASSERT_TRUE(kReferences.contains(name)) << name << " has no reference";
    for (const TrainConfig& config : settings(name)) {
      const Network network = two_layers();
      std::vector<at::Tensor> start;
      for (const auto& entry : network.parameters())
        start.push_back(entry.parameter.tensor->to(at::kCPU).clone());
      const auto gradients = random_gradients(network);
      const auto optimizer = optimizers().at(name)(network, config);
      optimizer->set_rates(kRate, kVarianceRate);
      for (const auto& step : gradients) optimizer->step(step);
      const auto parameters = network.parameters();
      for (std::size_t p = 0; p < parameters.size(); ++p) {
        const bool variance = parameters[p].parameter.role == Role::variance;
        const at::Tensor got = parameters[p].parameter.tensor->to(at::kCPU).flatten();
        for (std::int64_t i = 0; i < got.numel(); i += 97) {
          std::vector<double> path;
          for (const auto& step : gradients)
            path.push_back(step[p].to(at::kCPU).flatten()[i].item<double>());
          const double wanted = kReferences.at(name)(config, start[p].flatten()[i].item<double>(),
                                                     path, variance ? kVarianceRate : kRate,
                                                     variance ? 0 : config.weight_decay);
          EXPECT_NEAR(got[i].item<double>(), wanted,
                      tolerance::kFloatInverse * std::max(1.0, std::abs(wanted)))
              << name << ' ' << parameters[p].name << ' ' << i;
        }
      }
    }
  }
}

TEST(EveryOptimizer, GoesOnFromItsStoredStateBitForBit) {
  const at::NoGradGuard no_gradients;
  for (const std::string& name : optimizers().names()) {
    for (const TrainConfig& config : settings(name)) {
      const Network whole = two_layers();
      const Network cut = two_layers();
      const auto gradients = random_gradients(whole);
      const auto first = optimizers().at(name)(whole, config);
      const auto second = optimizers().at(name)(cut, config);
      const auto third = optimizers().at(name)(cut, config);
      for (const auto& optimizer : {first.get(), second.get(), third.get()})
        optimizer->set_rates(kRate, kVarianceRate);
      for (const auto& step : gradients) first->step(step);
      for (int i = 0; i < 3; ++i) second->step(gradients[static_cast<std::size_t>(i)]);
      Snapshot saved;
      saved.step = 3;
      second->store(saved);
      third->load(saved);
      for (std::size_t i = 3; i < gradients.size(); ++i) third->step(gradients[i]);
      for (std::size_t p = 0; p < whole.parameters().size(); ++p) {
        EXPECT_TRUE(at::equal(*whole.parameters()[p].parameter.tensor,
                              *cut.parameters()[p].parameter.tensor))
            << name << ' ' << whole.parameters()[p].name;
      }
    }
  }
}

TEST(EveryOptimizer, IsAChoiceOfTheConfiguration) {
  TrainConfig config;
  std::vector<std::string> choices;
  config.visit_fields([&](const std::string& name, auto&, const FieldInfo& info) {
    if (name == "optimizer") choices = info.choices;
  });
  EXPECT_EQ(choices, optimizers().names());
}

TEST(Optimizer, SaysWhichStateIsMissing) {
  const Network network = two_layers();
  TrainConfig config;
  Snapshot saved;
  optimizers().at("adam")(network, config)->store(saved);
  config.optimizer = "sgd";
  try {
    optimizers().at("sgd")(network, config)->load(saved);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("dense1/mean/momentum_buffer"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace varphase
