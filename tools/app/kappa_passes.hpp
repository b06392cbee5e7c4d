// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "analysis/kappa/compute_kappa.hpp"
#include "src/models/network.hpp"
#include "src/torch/device_images.hpp"
#include "tools/app/job.hpp"

namespace varphase {

struct PassBudget {
  double max_seconds = 0;  // that an epoch may take; 0: any
  bool by_image = false;   // once more, image by image
};

/// Notes what the passes over an epoch will take, before they start; an estimate's samples are
/// chosen to fit the budget here. @return whether two passes gave the same bits; none: there is no
/// pass to try. @throws Error usage where the budget is too small.
std::optional<bool> announce_passes(Network& network, const DeviceImages& images,
                                    const PassBudget& budget, KappaRequest& request, Job& job);

/// Bytes of a map's arrays in its file.
std::int64_t map_bytes(const KappaPlan& plan, const Network& network, const KappaRequest& request);

}  // namespace varphase
