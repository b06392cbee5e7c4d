// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/robustness/judge.hpp"

#include <ATen/TensorOperators.h>

#include "analysis/predict/network_ensemble.hpp"

namespace varphase {

at::Tensor judged_log_probabilities(const ImageModels& models, const DeviceImages& images,
                                    const JudgeDraws& draws) {
  std::vector<at::Tensor> log_p;
  for (std::size_t i = 0; i < models.size(); ++i) {
    const DeviceImages seen = models[i].see(images);
    Predictor predictor(*models[i].network, seen, draws.seed + i);
    predictor.draw_from(draws.stream, draws.first_member);
    log_p.push_back(predictor.log_probabilities(draws.estimator, draws.members));
  }
  return mean_over_networks(log_p);
}

Judgement judgement(const at::Tensor& log_p) { return {log_p.argmax(1), entropy_of(log_p)}; }

}  // namespace varphase
