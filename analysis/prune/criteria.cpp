// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/criteria.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace varphase {
namespace {

constexpr double kLeastSquare = 1e-16;  // of a mean: log(mean^2) stays finite at zero
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// One score a weight from its place in the row-major arrays.
template <class Score>
std::vector<double> each(const ScoreInputs& in, const Score& score) {
  std::vector<double> scores(in.mean.size());
  for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = score(i);
  return scores;
}

double kappa(const ScoreInputs& in, std::size_t i) {
  return in.variance[i] * in.hessian_diagonal[i];
}

/// The change of E_q L where a weight's noise is taken away, to second order.
double without_noise(const ScoreInputs& in, std::size_t i) { return -kappa(in, i) / 2; }

/// What a weight adds to its output's variance.
double output_variance(const ScoreInputs& in, std::size_t i) {
  return in.variance[i] * in.input_square[i % in.input_square.size()];
}

/// A weight that is 0 for certain has no alpha, and is the first to go.
bool is_nothing(const ScoreInputs& in, std::size_t i) {
  return in.mean[i] == 0 && in.variance[i] == 0;
}

std::vector<double> variance_shares(const ScoreInputs& in) {
  std::vector<double> scores(in.mean.size());
  const std::size_t columns = in.input_square.size();
  for (std::size_t row = 0; row < scores.size(); row += columns) {
    double sum = 0;
    for (std::size_t i = row; i < row + columns; ++i) sum += output_variance(in, i);
    // An output without variance: nobody has a share.
    for (std::size_t i = row; i < row + columns; ++i)
      scores[i] = sum > 0 ? output_variance(in, i) / sum : 0;
  }
  return scores;
}

std::vector<double> random_words(const ScoreInputs& in) {
  return each(in, [&](std::size_t i) {
    const PhiloxBlock block = noise_block(in.noise, 0, 0, static_cast<std::uint32_t>(i >> 2U));
    const std::uint32_t words[] = {block.x0, block.x1, block.x2, block.x3};
    return static_cast<double>(words[i & 3U]);
  });
}

bool alpha_is_shared(const std::string& parameterization) {
  return parameterization == "layer" || parameterization == "neuron";
}

void check_size(const ScoreInputs& in, const std::vector<double>& values, std::size_t wanted,
                const char* what) {
  VARPHASE_CHECK(values.size() == wanted, ErrorKind::shape, "{}: {} entries of {}, wants {}",
                 in.layer, values.size(), what, wanted);
}

double curvature_size(const ScoreInputs& in, std::size_t i) {
  return std::abs(in.hessian_diagonal[i]);
}

double mean_by_sd(const ScoreInputs& in, std::size_t i) {
  return is_nothing(in, i) ? 0 : std::abs(in.mean[i]) / std::sqrt(in.variance[i]);
}

double less_log_alpha(const ScoreInputs& in, std::size_t i) {
  if (is_nothing(in, i)) return -kInfinity;
  return std::log(in.mean[i] * in.mean[i] + kLeastSquare) - std::log(in.variance[i]);
}

double by_second_order(const ScoreInputs& in, std::size_t i) {
  return in.hessian_diagonal[i] * in.mean[i] * in.mean[i] / 2;
}

double without_weight(const ScoreInputs& in, std::size_t i) {
  return without_noise(in, i) - in.mean[i] * in.gradient[i] +
         in.mean[i] * in.mean[i] * in.hessian_diagonal[i] / 2;
}

}  // namespace

const Registry<Criterion>& criteria() {
  using In = const ScoreInputs&;
  static const Registry<Criterion> table{
      "criterion",
      {{"kappa",
        {.score = [](In in) { return each(in, [&](auto i) { return std::abs(kappa(in, i)); }); },
         .formula = "|sigma^2 H|",
         .curvature = true}},
       {"kappa-signed",
        {.score = [](In in) { return each(in, [&](auto i) { return kappa(in, i); }); },
         .formula = "sigma^2 H",
         .curvature = true}},
       {"kappa-negative",
        {.score = [](In in) { return each(in, [&](auto i) { return -kappa(in, i); }); },
         .formula = "-sigma^2 H",
         .curvature = true}},
       {"hessian",
        {.score = [](In in) { return each(in, [&](auto i) { return curvature_size(in, i); }); },
         .formula = "|H|",
         .curvature = true}},
       {"sigma2", {.score = [](In in) { return in.variance; }, .formula = "sigma^2"}},
       {"magnitude",
        {.score = [](In in) { return each(in, [&](auto i) { return std::abs(in.mean[i]); }); },
         .formula = "|mu|",
         .means = true}},
       {"snr",
        {.score = [](In in) { return each(in, [&](auto i) { return mean_by_sd(in, i); }); },
         .formula = "|mu| / sigma",
         .means = true,
         .weight_alpha = true}},
       {"log-alpha",
        {.score = [](In in) { return each(in, [&](auto i) { return less_log_alpha(in, i); }); },
         .formula = "-log(sigma^2 / mu^2)",
         .means = true,
         .weight_alpha = true}},
       {"variance",
        {.score = [](In in) { return each(in, [&](auto i) { return output_variance(in, i); }); },
         .formula = "sigma^2 E a^2",
         .inputs = true}},
       {"variance-share",
        {.score = variance_shares, .formula = "sigma^2 E a^2 / its output's sum", .inputs = true}},
       {"obd",
        {.score = [](In in) { return each(in, [&](auto i) { return by_second_order(in, i); }); },
         .formula = "H mu^2 / 2",
         .curvature = true,
         .means = true}},
       {"taylor-mean",
        {.score = [](In in) { return each(in, [&](auto i) { return without_noise(in, i); }); },
         .formula = "-sigma^2 H / 2",
         .curvature = true}},
       {"taylor-zero",
        {.score = [](In in) { return each(in, [&](auto i) { return without_weight(in, i); }); },
         .formula = "-sigma^2 H / 2 - mu g + mu^2 H / 2",
         .curvature = true,
         .gradient = true}},
       {"random", {.score = random_words, .formula = "a random word"}}}};
  return table;
}

std::string refusal(const std::string& criterion, const ScoreInputs& inputs) {
  const Criterion& row = criteria().at(criterion);
  if (row.means && inputs.parameterization == "zero_centred")
    return fmt::format(
        "{}: {} is the same for all weights of a zero-centred layer, whose means "
        "are 0",
        inputs.layer, row.formula);
  if (row.weight_alpha && alpha_is_shared(inputs.parameterization))
    return fmt::format("{}: {} is the same for all weights of a {}, which share one alpha",
                       inputs.layer, row.formula, inputs.parameterization);
  if (row.curvature && inputs.hessian_diagonal.empty())
    return inputs.no_curvature.empty() ? inputs.layer + ": its curvature is not known"
                                       : inputs.no_curvature;
  return "";
}

std::vector<double> score_weights(const std::string& criterion, const ScoreInputs& inputs) {
  const Criterion& row = criteria().at(criterion);
  const std::string why = refusal(criterion, inputs);
  VARPHASE_CHECK(why.empty(), ErrorKind::unsupported, "criterion {} does not rank here: {}",
                 criterion, why);
  const std::size_t count = inputs.mean.size();
  check_size(inputs, inputs.variance, count, "sigma^2");
  if (row.curvature) check_size(inputs, inputs.hessian_diagonal, count, "the Hessian's diagonal");
  if (row.gradient) check_size(inputs, inputs.gradient, count, "the gradient");
  if (row.inputs)
    check_size(inputs, inputs.input_square, count / static_cast<std::size_t>(inputs.shape.front()),
               "E a^2");
  std::vector<double> scores = row.score(inputs);
  const auto bad =
      std::find_if(scores.begin(), scores.end(), [](double score) { return std::isnan(score); });
  VARPHASE_CHECK(bad == scores.end(), ErrorKind::numeric,
                 "{}: {} of weight {} is not a number: no mask can be made of it", inputs.layer,
                 criterion, bad - scores.begin());
  return scores;
}

}  // namespace varphase
