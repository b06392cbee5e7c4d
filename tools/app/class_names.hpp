// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "src/data/dataset.hpp"
#include "src/train/train_config.hpp"

namespace varphase {

/// The names of a config's classes, by class number, as texts (src/base/byte_text.hpp); empty: not
/// known. @throws Error usage where the field is no list of texts.
std::vector<std::string> class_names_of(const DataConfig& config);

/// Keeps the names in the config that a run is made with: those that were given, else those that
/// the data set knows, else those that the config brought, where its data are the same.
/// @param set  what was laid over the config: "data.class_names=...", "data.data=..."
/// @throws Error usage where fewer are given than there are classes.
void record_class_names(DataConfig& config, const Dataset& dataset, const TextList& set);

}  // namespace varphase
