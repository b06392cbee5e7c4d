// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/train/captured_step.hpp"

#include "src/base/error.hpp"

#if VARPHASE_CUDA
#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#endif

namespace varphase {

#if VARPHASE_CUDA

struct CapturedStep::Graph {
  at::cuda::CUDAGraph graph;
};

CapturedStep::CapturedStep(const std::function<void()>& work,
                           const std::vector<at::Tensor>& changed, bool beside_others)
    : graph_(std::make_unique<Graph>()) {
  std::vector<at::Tensor> before;
  before.reserve(changed.size());
  for (const at::Tensor& tensor : changed) before.push_back(tensor.clone());
  c10::cuda::getCurrentCUDAStream().synchronize();
  {
    const c10::cuda::CUDAStream stream = c10::cuda::getStreamFromPool();
    const c10::cuda::CUDAStreamGuard guard(stream);
    for (int i = 0; i < kWarmUpSteps; ++i) work();
    stream.synchronize();
    graph_->graph.capture_begin(
        {0, 0}, beside_others ? cudaStreamCaptureModeThreadLocal : cudaStreamCaptureModeGlobal);
    work();
    graph_->graph.capture_end();
    for (std::size_t i = 0; i < changed.size(); ++i) at::Tensor(changed[i]).copy_(before[i]);
    stream.synchronize();
  }
}

CapturedStep::~CapturedStep() {
  if (graph_) graph_->graph.reset();
}

void CapturedStep::replay() { graph_->graph.replay(); }

#else

struct CapturedStep::Graph {};

CapturedStep::CapturedStep(const std::function<void()>&, const std::vector<at::Tensor>&, bool) {
  fail(ErrorKind::device, "this build of varphase has no CUDA: use --device cpu");
}
CapturedStep::~CapturedStep() = default;
void CapturedStep::replay() {}

#endif

}  // namespace varphase
