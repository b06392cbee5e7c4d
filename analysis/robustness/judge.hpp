// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "analysis/predict/predictor.hpp"
#include "analysis/robustness/image_model.hpp"

namespace varphase {

/// How predictions are drawn. Network i of several has the seed seed + i.
struct JudgeDraws {
  Estimator estimator = Estimator::ensemble;
  std::int64_t members = 10;
  std::uint64_t seed = 1;
  Stream stream = Stream::attack_judge;
  std::int64_t first_member = 0;
};

/// The logarithm of the mean of the networks' probabilities [N, classes], float64.
at::Tensor judged_log_probabilities(const ImageModels& models, const DeviceImages& images,
                                    const JudgeDraws& draws);

/// What images are taken for, and how sure.
struct Judgement {
  at::Tensor predicted;  // int64 [N], ties: lowest class
  at::Tensor entropy;    // float64 [N], nats, of the mean prediction
};
Judgement judgement(const at::Tensor& log_p);

}  // namespace varphase
