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

}  // namespace varphase
