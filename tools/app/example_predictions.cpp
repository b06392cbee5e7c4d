// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/example_predictions.hpp"

#include <algorithm>
#include <numeric>

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>

#include "analysis/predict/image_scores.hpp"
#include "analysis/predict/predictor.hpp"
#include "src/torch/device_images.hpp"
#include "tools/app/image_pictures.hpp"

namespace varphase {
namespace {

constexpr std::size_t kOfAKind = 3, kClasses = 5;
constexpr std::int64_t kMostMembers = 100;

struct Chosen {
  std::int64_t place = 0;
  const char* why = "";
};

std::vector<Chosen> chosen_images(const ImageScores& scores) {
  std::vector<std::size_t> order(scores.right.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return scores.entropy[a] < scores.entropy[b];
  });
  std::vector<Chosen> right, wrong, unsure;
  for (const std::size_t at : order) {
    std::vector<Chosen>& kind = scores.right[at] != 0 ? right : wrong;
    if (kind.size() < kOfAKind)
      kind.push_back({static_cast<std::int64_t>(at), scores.right[at] != 0 ? "right" : "wrong"});
  }
  const auto is_taken = [&](std::size_t at) {
    const auto same = [&](const Chosen& one) { return one.place == static_cast<std::int64_t>(at); };
    return std::any_of(right.begin(), right.end(), same) ||
           std::any_of(wrong.begin(), wrong.end(), same);
  };
  for (auto at = order.rbegin(); at != order.rend() && unsure.size() < kOfAKind; ++at)
    if (!is_taken(*at)) unsure.push_back({static_cast<std::int64_t>(*at), "unsure"});
  right.insert(right.end(), wrong.begin(), wrong.end());
  right.insert(right.end(), unsure.begin(), unsure.end());
  return right;
}

/// Classes by falling probability, the label among them. @param p  float64 [classes]
std::vector<std::int64_t> shown_classes(const at::Tensor& p, std::int64_t label) {
  std::vector<std::int64_t> classes(static_cast<std::size_t>(p.numel()));
  std::iota(classes.begin(), classes.end(), 0);
  const auto* values = p.const_data_ptr<double>();
  std::stable_sort(classes.begin(), classes.end(),
                   [&](std::int64_t a, std::int64_t b) { return values[a] > values[b]; });
  if (classes.size() <= kClasses) return classes;
  const auto end = classes.begin() + kClasses;
  if (std::find(classes.begin(), end, label) == end) classes[kClasses - 1] = label;
  classes.resize(kClasses);
  return classes;
}

}  // namespace

ExamplePredictions example_predictions(const std::string& name, Network& network,
                                       const DeviceImages& images, const Prediction& ensemble,
                                       std::int64_t members, std::uint64_t seed) {
  ExamplePredictions examples{name, images.channels, images.height, images.width, {}, {}};
  if (!are_shown(images)) return examples;
  const ImageScores scores = image_scores(ensemble.log_p, ensemble.member_entropy, images.labels);
  std::vector<std::int64_t> places;
  for (const Chosen& one : chosen_images(scores)) {
    places.push_back(one.place);
    ExamplePrediction& example = examples.images.emplace_back();
    const at::Tensor p = ensemble.log_p[one.place].to(at::kCPU, at::kDouble).exp().contiguous();
    example.image = images.example[one.place].item<std::int64_t>();
    example.label = images.labels[one.place].item<std::int64_t>();
    example.chosen = one.why;
    example.entropy = scores.entropy[static_cast<std::size_t>(one.place)];
    example.classes = shown_classes(p, example.label);
    example.pixels = picture_pixels(images, one.place);
    for (const std::int64_t each : example.classes)
      example.probability.push_back(p[each].item<double>());
    example.members.resize(example.classes.size());
  }
  const DeviceImages few =
      select_images(images, at::tensor(places, at::kLong).to(images.labels.device()));
  Predictor predictor(network, few, seed);
  for (std::int64_t member = 0; member < std::min(members, kMostMembers); ++member) {
    predictor.draw_from(Stream::evaluation, member);
    const at::Tensor p =
        predictor.log_probabilities(Estimator::stochastic, 1).to(at::kCPU, at::kDouble).exp();
    for (std::size_t i = 0; i < examples.images.size(); ++i) {
      ExamplePrediction& example = examples.images[i];
      for (std::size_t c = 0; c < example.classes.size(); ++c)
        example.members[c].push_back(
            p[static_cast<std::int64_t>(i)][example.classes[c]].item<double>());
    }
  }
  return examples;
}

}  // namespace varphase
