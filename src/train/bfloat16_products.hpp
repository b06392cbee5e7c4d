// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <c10/core/DeviceType.h>
#include <c10/core/ScalarType.h>

namespace varphase {

/// While it lives and `on`, matrix products and convolutions of this thread take bfloat16 inputs and sum in float32.
/// This is LibTorch's autocast without its cache of cast weights, which a captured step must not use. Gradients of
/// float32 weights come back as float32.
class Bfloat16Products {
 public:
  Bfloat16Products(bool on, c10::DeviceType device);
  ~Bfloat16Products();
  Bfloat16Products(const Bfloat16Products&) = delete;
  Bfloat16Products& operator=(const Bfloat16Products&) = delete;

 private:
  bool on_;
  c10::DeviceType device_;
  bool was_enabled_ = false, was_cached_ = false;
  c10::ScalarType type_ = c10::ScalarType::Float;
};

}  // namespace varphase
