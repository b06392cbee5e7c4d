// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

#include "analysis/kappa/kappa_map.hpp"

namespace varphase {

/// "epoch,layer,log10_from,log10_to,count", a line for each bin of each layer of each map; zeros
/// are in the first bin.
std::string histogram_csv(std::span<const KappaMap> maps);

/// The same of maps by class, "epoch,class,layer,log10_from,log10_to,count".
std::string class_histogram_csv(std::span<const KappaMap> maps);

/// Histograms of a file with new ones: of the maps that both have (by all cells before the bin) the
/// new rows count. By epoch. Text of another header is left out.
std::string with_histograms(const std::string& there, const std::string& rows);

/// "epoch,layer,weights,over,log10_kappa0,zeros,negative,underflow,overflow,non_finite", a line for
/// each layer of each map: what the bins leave out, and the number of weights with |kappa| >
/// kappa0.
std::string kappa_summary_csv(std::span<const KappaMap> maps, double kappa0);

}  // namespace varphase
