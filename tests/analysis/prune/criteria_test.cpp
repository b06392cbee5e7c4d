// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/criteria.hpp"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "src/base/json.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

const Json& golden() {
  static const Json json =
      read_json_file(std::string(VARPHASE_SOURCE_DIR) + "/tests/data/golden.json");
  return json;
}

std::vector<double> numbers(const Json& json) {
  std::vector<double> list;
  for (const Json& item : json) {
    if (item.is_array()) {
      const std::vector<double> row = numbers(item);
      list.insert(list.end(), row.begin(), row.end());
    } else {
      list.push_back(item.get<double>());
    }
  }
  return list;
}

/// The layer of the golden numbers. Its alpha is one for all; "weight" makes the ratios of snr and
/// log-alpha rankable.
ScoreInputs golden_inputs() {
  const Json& g = golden();
  ScoreInputs in;
  in.layer = "dense1";
  in.parameterization = "weight";
  in.shape = {4, 3};
  in.mean = numbers(g["diagh_dense"]["mu"]);
  in.variance = numbers(g["kappa"]["sigma2"]);
  in.hessian_diagonal = numbers(g["diagh_dense"]["softplus"]["hessian_diagonal"]);
  in.gradient = numbers(g["diagh_dense"]["softplus"]["grad"]);
  in.input_square = numbers(g["kappa"]["mean_a2"]);
  in.noise = {7, Stream::random_score, 3, 0};
  return in;
}

/// A convolution's weights with signs, zeros and a weight that is nothing.
ScoreInputs convolution() {
  ScoreInputs in;
  in.layer = "conv1";
  in.parameterization = "additive";
  in.shape = {2, 1, 1, 3};
  in.mean = {0.5, -2, 0, 1, 0, -0.25};
  in.variance = {4, 0.25, 1, 0, 0, 0.5};
  in.hessian_diagonal = {1, -3, 0, 2, -1, 8};
  in.gradient = {-1, 2, 3, -4, 5, 6};
  in.input_square = {2, 0.5, 1};
  in.noise = {1, Stream::random_score, 0, 0};
  return in;
}

double worst(const std::vector<double>& got, const std::vector<double>& wanted) {
  if (got.size() != wanted.size()) return 1e300;
  double error = 0, scale = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    error = std::max(error, std::abs(got[i] - wanted[i]));
    scale = std::max(scale, std::abs(wanted[i]));
  }
  return std::isnan(error) ? error : error / scale;
}

std::string message(const std::string& criterion, const ScoreInputs& in, ErrorKind kind) {
  try {
    score_weights(criterion, in);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << criterion << " was taken";
  return "";
}

TEST(Criteria, MeetTheGoldenScores) {
  const Json& scores = golden()["kappa"]["scores"];
  std::size_t met = 0;
  for (const std::string& name : criteria().names()) {
    std::string key = name;
    std::replace(key.begin(), key.end(), '-', '_');
    if (!scores.contains(key)) continue;
    const double error = worst(score_weights(name, golden_inputs()), numbers(scores[key]));
    EXPECT_TRUE(error <= tolerance::kDoubleSum) << name << ' ' << error;
    ++met;
  }
  EXPECT_EQ(met, scores.size());
}

TEST(Criteria, MeetTheirFormulasWrittenOut) {
  const auto is = [](const std::string& name, const std::vector<double>& wanted) {
    const double error = worst(score_weights(name, convolution()), wanted);
    EXPECT_TRUE(error <= tolerance::kDoubleOperation) << name << ' ' << error;
  };
  is("kappa", {4, 0.75, 0, 0, 0, 4});
  is("kappa-signed", {4, -0.75, 0, 0, 0, 4});
  is("kappa-negative", {-4, 0.75, 0, 0, 0, -4});
  is("hessian", {1, 3, 0, 2, 1, 8});
  is("sigma2", {4, 0.25, 1, 0, 0, 0.5});
  is("magnitude", {0.5, 2, 0, 1, 0, 0.25});
  is("variance", {8, 0.125, 1, 0, 0, 0.5});
  is("variance-share", {8 / 9.125, 0.125 / 9.125, 1 / 9.125, 0, 0, 1});
  is("obd", {0.125, -6, 0, 1, 0, 0.25});
  is("taylor-mean", {-2, 0.375, 0, 0, 0, -2});
  is("taylor-zero", {-2 + 0.5 + 0.125, 0.375 + 4 - 6, 0, 4 + 1, 0, -2 + 1.5 + 0.25});
}

TEST(Criteria, AlphaIsThatOfTheEffectiveWeights) {
  ScoreInputs in = convolution();
  std::vector<double> log_alpha = score_weights("log-alpha", in);
  EXPECT_NEAR(log_alpha[0], -std::log(16.0), tolerance::kDoubleSum);
  EXPECT_NEAR(log_alpha[1], -std::log(0.0625), tolerance::kDoubleSum);
  EXPECT_NEAR(log_alpha[2], std::log(1e-16), tolerance::kDoubleSum);  // no mean: nothing but noise
  EXPECT_EQ(log_alpha[3], INFINITY);                                  // no noise
  EXPECT_EQ(log_alpha[4], -INFINITY);                                 // nothing at all
  const std::vector<double> snr = score_weights("snr", in);
  EXPECT_NEAR(snr[1], 4, tolerance::kDoubleSum);
  EXPECT_EQ(snr[3], INFINITY);
  EXPECT_EQ(snr[4], 0);
  // Sparse VD's rule and the signal-to-noise ratio order alike: alpha = 1 / snr^2.
  EXPECT_NEAR(log_alpha[5], 2 * std::log(snr[5]), tolerance::kDoubleSum);
}

TEST(Criteria, RandomIsTheWordOfItsLane) {
  const std::vector<double> scores = score_weights("random", golden_inputs());
  for (std::uint32_t i = 0; i < scores.size(); ++i) {
    const PhiloxBlock block = philox(i / 4, 0, 0, (9U << 24U) | (3U << 8U), 7, 0);
    const std::uint32_t words[] = {block.x0, block.x1, block.x2, block.x3};
    EXPECT_EQ(scores[i], static_cast<double>(words[i % 4]));
  }
  ScoreInputs other = golden_inputs();
  other.noise.seed = 8;
  EXPECT_NE(score_weights("random", other), scores);
}

TEST(Criteria, AreFiniteAndScoreEveryWeight) {
  ScoreInputs in = golden_inputs();
  for (const std::string& name : criteria().names()) {
    const std::vector<double> scores = score_weights(name, in);
    EXPECT_EQ(scores.size(), 12U) << name;
    for (const double score : scores) EXPECT_TRUE(std::isfinite(score)) << name;
    EXPECT_FALSE(criteria().at(name).formula.empty()) << name;
  }
}

TEST(Criteria, RefuseToRankWhatIsTheSameForAll) {
  ScoreInputs in = golden_inputs();
  for (const char* name : {"snr", "log-alpha"}) {
    in.parameterization = "layer";
    EXPECT_NE(message(name, in, ErrorKind::unsupported).find("share one alpha"), std::string::npos);
    in.parameterization = "neuron";
    EXPECT_NE(message(name, in, ErrorKind::unsupported).find("neuron"), std::string::npos);
  }
  in.parameterization = "zero_centred";
  in.mean.assign(12, 0);
  for (const std::string& name : criteria().names()) {
    const bool refused = !refusal(name, in).empty();
    const bool of_means =
        name == "snr" || name == "log-alpha" || name == "magnitude" || name == "obd";
    EXPECT_EQ(refused, of_means) << name;
  }
  EXPECT_NE(message("magnitude", in, ErrorKind::unsupported).find("zero-centred"),
            std::string::npos);
}

TEST(Criteria, SayWhatTheyMiss) {
  ScoreInputs in = golden_inputs();
  in.hessian_diagonal.clear();
  in.no_curvature = "conv1: no closed form";
  EXPECT_NE(message("kappa", in, ErrorKind::unsupported).find("no closed form"), std::string::npos);
  EXPECT_TRUE(refusal("sigma2", in).empty());
  in = golden_inputs();
  in.input_square.pop_back();
  EXPECT_NE(message("variance", in, ErrorKind::shape).find("E a^2"), std::string::npos);
  in = golden_inputs();
  in.hessian_diagonal[5] = NAN;
  EXPECT_NE(message("hessian", in, ErrorKind::numeric).find("weight 5"), std::string::npos);
  EXPECT_NE(message("kapa", in, ErrorKind::usage).find("kappa"), std::string::npos);
}

}  // namespace
}  // namespace varphase
