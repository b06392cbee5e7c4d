// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

#include "analysis/kappa/kappa_map.hpp"

namespace varphase {

/// CSV "epoch,layer,log10_from,log10_to,count" with a header and a line for each bin of each layer of each map. Zeros
/// are counted in the first bin.
std::string histogram_csv(std::span<const KappaMap> maps);

/// The same for maps of single classes: "epoch,class,layer,log10_from,log10_to,count".
std::string class_histogram_csv(std::span<const KappaMap> maps);

/// Merges new rows into the text of an existing histogram file, ordered by epoch. Rows of the same map (the same epoch,
/// class and layer) are replaced by the new ones; an existing text with another header is dropped.
std::string with_histograms(const std::string& there, const std::string& rows);

}  // namespace varphase
