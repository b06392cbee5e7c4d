// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "analysis/predict/predictor.hpp"
#include "src/distributed/communicator.hpp"

namespace varphase {

/// Images that several ranks predict together: each takes its share of them, and what is predicted is put together on
/// all. Noise is keyed by image, so a prediction is the same whoever makes it. Fewer images than ranks are predicted by
/// every rank.
class SharedImages {
 public:
  SharedImages(Communicator& ranks, const DeviceImages& all);

  /// This rank's.
  const DeviceImages& own() const { return own_; }
  /// How many ranks share them: what a progress line multiplies a rank's images by.
  std::int64_t ranks() const { return sharing_; }
  /// Makes what this rank predicted of its own what all predicted of all, on every rank.
  /// @param predicted  [n, ...] by own image; may be undefined, on all ranks then
  void put_together(at::Tensor& predicted) const;
  void put_together(Prediction& prediction) const;

 private:
  Communicator& ranks_;
  std::int64_t sharing_;
  DeviceImages own_;
};

/// Predictor::all_metrics by several ranks, on every one of them.
AllMetrics shared_metrics(Communicator& ranks, Network& network, const DeviceImages& images,
                          std::uint64_t seed, std::int64_t members);

}  // namespace varphase
