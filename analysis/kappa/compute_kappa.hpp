// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "analysis/curvature/diagonal.hpp"
#include "analysis/kappa/kappa_map.hpp"

namespace varphase {

struct KappaRequest {
  std::string smooth = "auto";
  std::int64_t verify = 0;  // entries per layer to prove against a float64 double backward
  std::uint64_t seed = 1;   // of the choice of these entries
};

/// Kappa of every variance layer that has the closed form. @throws Error unsupported naming the
/// first that has not, and for a zero-centred layer under |x|.
KappaMap compute_kappa(Network& network, const DeviceImages& images, const KappaRequest& request,
                       const std::function<void(std::int64_t images)>& advanced);

/// kappa [J, I] of one layer as a tensor, float64 products rounded to float32.
at::Tensor kappa_tensor(const LayerKappa& layer);

}  // namespace varphase
