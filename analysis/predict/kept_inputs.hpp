// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <vector>

#include "src/models/network.hpp"

namespace varphase {

/// What layer `end` of a network is given, batch by batch, kept from the first pass over all
/// batches for those after it. The layers before `end` must not change meanwhile.
class KeptInputs {
 public:
  /// Keeps nothing where `rows` of them take more than 1 GiB (on a GPU an eighth of its memory), or
  /// where nothing comes before layer `end`.
  KeptInputs(const Network& network, std::size_t end, std::int64_t rows, at::Device device);

  /// The layer that batches are kept for; 0 where none are: a pass then starts at the images.
  std::size_t end() const { return end_; }
  /// Batch `index` [rows of the batch, features...], by `make` the first time.
  at::Tensor batch(std::size_t index, const std::function<at::Tensor()>& make);

 private:
  std::size_t end_ = 0;
  std::vector<at::Tensor> batches_;
};

}  // namespace varphase
