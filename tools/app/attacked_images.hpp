// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>

#include "src/data/dataset.hpp"

namespace varphase {

/// The images that `varphase attack --save` kept, as DatasetFiles::read_attacked wants them; none where the file was not
/// written by Varphase, or is no attack. @throws Error format where it is damaged, not done, or kept no images.
std::optional<Dataset> attacked_images(const std::filesystem::path& path);

}  // namespace varphase
