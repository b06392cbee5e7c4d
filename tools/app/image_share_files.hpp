// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/kappa/layer_images.hpp"
#include "src/base/json.hpp"

namespace varphase {

/// A weight's place in its layer: [3, 0, 2, 1].
std::vector<std::int64_t> weight_index(std::int64_t weight, const std::vector<std::int64_t>& shape);

/// The images behind the largest weights, of one epoch: a list of layers.
Json image_json(const std::vector<LayerImages>& layers, std::int64_t epoch);
/// "epoch,layer,weight,kappa,effective_images,rank,image,label,image_kappa,share", a line an image.
std::string image_csv(const std::vector<LayerImages>& layers, std::int64_t epoch);

}  // namespace varphase
