// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/shared_prediction.hpp"

#include <ATen/ops/cat.h>

namespace varphase {

SharedImages::SharedImages(Communicator& ranks, const DeviceImages& all)
    : ranks_(ranks), sharing_(all.count() < ranks.size() ? 1 : ranks.size()), own_(all) {
  if (sharing_ == 1) return;
  const std::int64_t first = ranks.share_begin(all.count());
  own_ = slice_images(all, first, ranks.share_end(all.count()) - first);
}

void SharedImages::put_together(at::Tensor& predicted) const {
  if (sharing_ > 1 && predicted.defined()) predicted = at::cat(ranks_.gather(predicted));
}

void SharedImages::put_together(Prediction& prediction) const {
  put_together(prediction.log_p);
  put_together(prediction.member_entropy);
}

AllMetrics shared_metrics(Communicator& ranks, Network& network, const DeviceImages& images,
                          std::uint64_t seed, std::int64_t members) {
  const SharedImages shared(ranks, images);
  Predictor predictor(network, shared.own(), seed);
  return score_estimators(
      [&](Estimator estimator) {
        at::Tensor log_p = predictor.log_probabilities(estimator, members);
        shared.put_together(log_p);
        return log_p;
      },
      images.labels);
}

}  // namespace varphase
