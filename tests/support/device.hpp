// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdlib>
#include <stdexcept>
#include <string>

#include <ATen/Context.h>
#include <ATen/core/Tensor.h>

namespace varphase {

/// Where the tests' kernels run: ctest starts the same program once for the CPU and, labelled gpu,
/// once with VARPHASE_TEST_DEVICE=cuda. A missing GPU is then a failure, not a skipped test.
inline at::Device test_device() {
  const char* wanted = std::getenv("VARPHASE_TEST_DEVICE");
  if (wanted == nullptr || std::string(wanted) == "cpu") return at::kCPU;
  if (!at::hasCUDA())
    throw std::runtime_error("VARPHASE_TEST_DEVICE=cuda: there is no CUDA device");
  return at::Device(at::kCUDA, 0);
}

}  // namespace varphase
