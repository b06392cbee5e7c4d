// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "analysis/kappa/kappa_map.hpp"
#include "src/base/json.hpp"

namespace varphase {

/// One layer of one kappa map, in numbers.
struct KappaRow {
  std::int64_t epoch = 0;
  std::string layer;
  std::optional<std::int64_t> label;  // of the images, where they are one class
  std::int64_t images = 0;
  std::int64_t weights = 0, negative = 0, zeros = 0;
  std::optional<std::int64_t> over;  // weights over kappa_0; none: a layer without variances
  std::string smooth, method;
  std::int64_t factors = 0;

  // Of an estimate.
  std::optional<double> relative_standard_error;  // norm of the errors over that of the curvature
  double samples_for_1_percent = 0;               // that an image would take
  std::optional<std::int64_t> uncertain;          // weights within two errors of kappa_0

  std::optional<KappaProof> proof;
};

/// @param samples of an estimate, an image
KappaRow kappa_row(const KappaMap& map, const LayerKappa& layer, const KappaProof* proof,
                   double kappa0, std::int64_t samples);

/// @param by_class  with the class and the number of its images
Json to_json(const KappaRow& row, bool by_class);

}  // namespace varphase
