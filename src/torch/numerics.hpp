// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

namespace varphase {

/// Sets what must be set before the first GPU call so that runs repeat bit for bit.
/// @param tf32  whether float32 products may use TF32; for training only
void set_numerics(bool deterministic, bool tf32);

/// While it lives, TF32 is off and float32 products are IEEE. Curvature and prediction run under it.
class IeeeFloat32 {
 public:
  IeeeFloat32();
  ~IeeeFloat32();
  IeeeFloat32(const IeeeFloat32&) = delete;
  IeeeFloat32& operator=(const IeeeFloat32&) = delete;

 private:
  bool matmul_, conv_;
};

}  // namespace varphase
