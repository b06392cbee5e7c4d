// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "src/distributed/communicator.hpp"

namespace varphase {

/// Sums the gradients of some tensors over all ranks while the backward pass that makes them goes on: they are gathered
/// in buckets, the last tensors first, whose gradients come first, and a bucket's sum starts when it is full. The order
/// is the same on all ranks and at every step.
class GradientBuckets {
 public:
  /// @param leaves  float32 tensors that require gradients, which get a hook of this; in a network's order
  /// @param type  in which sums are made: float32 or bfloat16
  GradientBuckets(Communicator& ranks, const std::vector<at::Tensor>& leaves, at::ScalarType type);
  ~GradientBuckets();
  GradientBuckets(const GradientBuckets&) = delete;
  GradientBuckets& operator=(const GradientBuckets&) = delete;

  /// After a backward pass.
  /// @param own  this rank's gradients, as torch::autograd::grad gave them
  /// @return the sums, float32, each lying as its leaf; valid until the next backward pass
  std::vector<at::Tensor> sums(const std::vector<at::Tensor>& own);

 private:
  struct Bucket {
    std::vector<std::size_t> members;          // places in the list of leaves
    std::vector<at::Tensor> views, gradients;  // where they go; those that have arrived
  };
  /// Where a leaf's gradient lies.
  struct Place {
    std::size_t bucket = 0;
    at::Tensor view,
        sum;  // of the bucket's numbers and their sum, with the leaf's sizes and strides
    bool arrived = false;
    unsigned hook = 0;
  };

  void arrives(std::size_t leaf, const at::Tensor& gradient);

  std::vector<at::Tensor> leaves_;
  std::vector<Bucket> buckets_;
  std::unique_ptr<RankSums> sums_;  // of each bucket
  std::vector<Place> places_;
};

}  // namespace varphase
