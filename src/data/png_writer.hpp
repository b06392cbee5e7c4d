// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace varphase {

/// Writes a picture of 8 bits a channel, atomically.
/// @param pixels  [height, width, channels] @param channels  1 (grey) or 3 (RGB)
/// @throws Error io; unsupported where this build has no libspng.
void write_png(const std::filesystem::path& path, std::span<const std::uint8_t> pixels,
               std::int64_t height, std::int64_t width, std::int64_t channels);

}  // namespace varphase
