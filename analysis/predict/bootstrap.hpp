// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "analysis/predict/interval.hpp"

namespace varphase {

/// How often each of N images is in a sample of N: all 1 for the images as they are.
using Counts = std::vector<std::uint32_t>;

/// The images of a set as they are.
Counts each_once(std::int64_t images);

/// Resample number `resample` of N images: N draws with replacement, by the noise stream `bootstrap`, so the same on any
/// machine. Image floor(word * N / 2^32) of each draw's word. Source: docs/math.md, "Noise".
/// @param set  which data set it is, so that two sets are drawn apart
Counts resampled(std::uint64_t seed, std::uint16_t set, std::uint32_t resample,
                 std::int64_t images);

/// The central interval that holds a share of the values (Efron's percentile interval), between two values by linear
/// interpolation as numpy.quantile does it. NaN where a value is NaN or there are none.
Interval percentile_interval(std::vector<double> values, double level);

}  // namespace varphase
