// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>

#include <ATen/core/Tensor.h>

namespace varphase {

/// Runs the work once and writes a Chrome trace of it.
void traced(at::Device device, const std::string& file, const std::function<void()>& work);

}  // namespace varphase
