// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/scored_predictions.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>

#include "analysis/predict/network_ensemble.hpp"

namespace varphase {
namespace {

/// Two networks' images are the same where these are.
std::string images_key(const Dataset& dataset, Split split) {
  const std::vector<std::int64_t>& index = dataset.part(split).index;
  return dataset.digest + split_name(split) +
         std::string(reinterpret_cast<const char*>(index.data()),
                     index.size() * sizeof(index.front()));
}

ScoredPrediction score(const std::string& network, const EstimatedSets& sets,
                       const at::Tensor& labels, const std::string& images) {
  ScoredPrediction scored{network,
                          estimator_name(sets.estimator),
                          sets.own.log_p.size(1),
                          images,
                          image_scores(sets.own.log_p, sets.own.member_entropy, labels),
                          {}};
  for (const Prediction& other : sets.others)
    scored.others.push_back(uncertainty(other.log_p, other.member_entropy));
  return scored;
}

/// The networks are the members of their average.
Prediction average(const std::vector<at::Tensor>& log_p) {
  return {mean_over_networks(log_p), entropy_of(at::stack(log_p).to(at::kDouble)).mean(0)};
}

}  // namespace

void ScoredPredictions::add(const std::string& network, const std::vector<EstimatedSets>& predicted,
                            const at::Tensor& labels, const Dataset& dataset, Split split) {
  const std::string images = images_key(dataset, split);
  for (const EstimatedSets& sets : predicted)
    scored_.push_back(score(network, sets, labels, images));
  if (!together_) return;
  predicted_.push_back(predicted);
  labels_ = labels;
}

std::vector<ScoredPrediction> ScoredPredictions::all() const {
  std::vector<ScoredPrediction> list = scored_;
  if (predicted_.empty()) return list;
  for (std::size_t e = 0; e < predicted_.front().size(); ++e) {
    const auto over_networks = [&](auto&& prediction_of) {
      std::vector<at::Tensor> log_p;
      for (const auto& network : predicted_) log_p.push_back(prediction_of(network[e]).log_p);
      return average(log_p);
    };
    const EstimatedSets& first = predicted_.front()[e];
    EstimatedSets sets{first.estimator, over_networks([](const auto& one) { return one.own; }), {}};
    for (std::size_t set = 0; set < first.others.size(); ++set)
      sets.others.push_back(over_networks([set](const auto& one) { return one.others[set]; }));
    list.push_back(
        score(fmt::format("together ({})", predicted_.size()), sets, labels_, list.front().images));
  }
  return list;
}

}  // namespace varphase
