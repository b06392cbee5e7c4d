// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

namespace varphase {

/// A piece of GPU work recorded once as a CUDA graph and replayed.
class CapturedStep {
 public:
  /// until library handles, plans and the allocator's blocks exist
  static constexpr int kWarmUpSteps = 3;

  /// Runs `work` kWarmUpSteps times on a side stream, puts back the tensors that it changes, and then records it.
  /// @param changed  the tensors that `work` changes
  /// @param beside_others  other threads of this process use the GPU while it is recorded, as NCCL's do
  /// @throws Error device where this build or machine has no CUDA.
  CapturedStep(const std::function<void()>& work, const std::vector<at::Tensor>& changed,
               bool beside_others = false);
  ~CapturedStep();
  CapturedStep(const CapturedStep&) = delete;
  CapturedStep& operator=(const CapturedStep&) = delete;

  void replay();

 private:
  struct Graph;
  std::unique_ptr<Graph> graph_;
};

}  // namespace varphase
