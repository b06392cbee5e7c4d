// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "src/train/train_config.hpp"

namespace varphase {

/// Whether one of the assignments "section.field=value" is of that field.
bool overrides(const TextList& set, const std::string& field);

/// Lays such assignments over a run's configuration, in their order. Where they name other images,
/// the place where the configuration's own lay is forgotten.
/// @throws Error usage for an unknown field, a wrong type, a value out of range.
void apply_overrides(RunConfig& config, const TextList& set);

/// Of such assignments those that say how image files are read (DataConfig::visit_reading); the
/// others are left alone. @throws Error usage.
void apply_reading_overrides(DataConfig& config, const TextList& set);

}  // namespace varphase
