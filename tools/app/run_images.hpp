// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "src/data/dataset.hpp"
#include "src/models/network.hpp"
#include "src/train/train_config.hpp"

namespace varphase {

/// Reads the images of a run (or of --data), normalized as its config says; what there is to say of them goes to the
/// log.
/// @param pixel_range  of the images of --data: the run's says nothing of those
Dataset open_dataset(const DataConfig& config, const std::string& data_override,
                     const std::string& pixel_range = "none");
/// Keeps in the config by what mean and std the images are normalized, so that every later verb
/// uses the same numbers.
void record_normalization(DataConfig& config, const Dataset& dataset);
/// Keeps where the images lay, beside what was typed: a relative path means another folder
/// elsewhere.
void record_source(DataConfig& config);
/// By what a run's images were normalized, for images without a data set; empty: not at all.
/// @throws Error usage where the config does not say.
Normalization recorded_normalization(const DataConfig& config, std::int64_t channels);
/// @param training  of a verb that can bring images to the network's form
void check_fits(const Network& network, const Dataset& dataset, bool training);

}  // namespace varphase
