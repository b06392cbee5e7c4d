// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

namespace varphase {

/// Sets what must be set before the first GPU call so that runs repeat bit for bit. It stays set:
/// whoever goes on with PyTorch in the same process holds OwnSwitches around the job.
/// @param tf32  whether float32 products may use TF32; for training only
void set_numerics(bool deterministic, bool tf32);

/// While it lives, float32 products of this process may use TF32, or may not.
class Tf32Products {
 public:
  explicit Tf32Products(bool allowed);
  ~Tf32Products();
  Tf32Products(const Tf32Products&) = delete;
  Tf32Products& operator=(const Tf32Products&) = delete;

 private:
  bool matmul_, conv_;
};

/// While it lives, TF32 is off and float32 products are IEEE. Curvature and prediction run under it.
struct IeeeFloat32 : Tf32Products {
  IeeeFloat32() : Tf32Products(false) {}
};

}  // namespace varphase
