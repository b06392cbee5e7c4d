// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/torch/kernel_arguments.hpp"

#include <ATen/Parallel.h>
#if VARPHASE_CUDA
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>
#endif

namespace varphase {

Where where_of(const at::Tensor& tensor) {
#if VARPHASE_CUDA
  if (tensor.is_cuda())
    return {true, c10::cuda::getCurrentCUDAStream(tensor.device().index()).stream()};
#endif
  VARPHASE_CHECK(tensor.is_cpu(), ErrorKind::device,
                 "a kernel got a tensor on {}, wants the CPU or CUDA", tensor.device().str());
  return {};
}

template <class T>
T* data_of(const at::Tensor& tensor) {
  if (!tensor.defined()) return nullptr;
  VARPHASE_CHECK(tensor.is_contiguous(), ErrorKind::shape,
                 "a kernel got a tensor that is not contiguous");
  return tensor.data_ptr<T>();
}

template float* data_of<float>(const at::Tensor&);
template double* data_of<double>(const at::Tensor&);
template std::int64_t* data_of<std::int64_t>(const at::Tensor&);
template std::int32_t* data_of<std::int32_t>(const at::Tensor&);
template std::uint8_t* data_of<std::uint8_t>(const at::Tensor&);

at::Tensor without_holes(const at::Tensor& tensor) {
  return tensor.is_non_overlapping_and_dense() ? tensor : tensor.contiguous();
}

void synchronize([[maybe_unused]] at::Device device) {
#if VARPHASE_CUDA
  if (device.is_cuda()) c10::cuda::device_synchronize();
#endif
}

void use_torch_threads() {
  set_parallel_runner([](std::int64_t count, std::int64_t grain,
                         const std::function<void(std::int64_t, std::int64_t)>& body) {
    at::parallel_for(0, count, grain, body);
  });
}

}  // namespace varphase
